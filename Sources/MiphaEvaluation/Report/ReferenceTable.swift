/// Published results of other models, to stand beside one's own.
public struct ReferenceTable: Sendable {
    /// One benchmark column.
    public struct Column: Sendable, Hashable {
        /// The name in papers: `VQA-T`.
        public let name: String
        /// The largest value there can be.
        public let fullScale: Double
        /// Other names that mean the same.
        public let aliases: [String]

        /// Makes a column.
        public init(_ name: String, fullScale: Double = 100, aliases: [String] = []) {
            self.name = name
            self.fullScale = fullScale
            self.aliases = aliases
        }
    }

    /// One published model.
    public struct Row: Sendable {
        /// The model's name.
        public let model: String
        /// Who published the values.
        public let source: String
        /// Values by the name of the column; a column that is not there was not published.
        public let values: [String: Double]

        /// Makes a row.
        public init(_ model: String, source: String, values: [String: Double]) {
            self.model = model
            self.source = source
            self.values = values
        }
    }

    /// The columns in the order of tables.
    public var columns: [Column]
    /// The models.
    public var rows: [Row]

    /// Makes a table.
    public init(columns: [Column] = PublishedResults.columns, rows: [Row]) {
        self.columns = columns
        self.rows = rows
    }

    /// The column of a name or one of its other names, whatever the case.
    public func column(named name: String) -> Column? {
        let wanted = name.lowercased()
        return columns.first { column in
            column.name.lowercased() == wanted
                || column.aliases.contains { $0.lowercased() == wanted }
        }
    }
}
