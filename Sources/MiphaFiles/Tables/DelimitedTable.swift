/// A table in a text file, one record a line (TSV, CSV), read row by row with flat memory.
///
/// The first record names the columns. What is read equals `pandas.read_csv(path, sep=delimiter,
/// dtype=str, keep_default_na=False)` and, but for blank lines, Python's `csv.reader`:
/// quotation marks, line ends inside them and a byte order mark are handled as there, blank lines
/// are skipped, an empty column name becomes `Unnamed: 3` and a repeated one `name.1`. Other than
/// pandas, which fills short rows up, a row with another number of fields is an error.
///
/// With default settings pandas also guesses types: `007` becomes 7, and integers in a column with
/// missing values become `1.0`. Nothing is guessed here; ``Row/value(_:)`` is nil for the texts
/// that pandas takes as missing.
public struct DelimitedTable: ~Copyable {
    /// The texts that pandas takes as missing by default (`STR_NA_VALUES`, pandas 2.0 and later).
    public static let pandasMissing: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
        "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    ]

    /// How messages call the table.
    public var name: String { header.name }
    /// The byte between two fields.
    public var delimiter: UInt8 { header.delimiter }
    /// The names of the columns.
    public var columns: [String] { header.columns }

    let header: Header
    private var parser: DelimitedParser

    /// Opens a file and reads its first record.
    ///
    /// - Parameters:
    ///   - path: the file, UTF-8.
    ///   - delimiter: the byte between fields; nil for a tab in `.tsv`, a comma in `.csv`, and in
    ///     files of other names the more frequent one of the first line.
    ///   - rowLimit: the largest row to read, in bytes.
    /// - Throws: `FileError` when the file cannot be read or has no first record.
    public init(
        path: String, delimiter: UInt8? = nil, rowLimit: Int = 1 << 28
    ) throws(FileError) {
        try self.init(
            FileByteSource(path: path), name: path, delimiter: delimiter, rowLimit: rowLimit)
    }

    /// Reads the first record of a text that comes from anywhere.
    ///
    /// - Parameters:
    ///   - source: the text; places of fields count from its first byte.
    ///   - name: how messages call it; its suffix may tell the delimiter.
    ///   - delimiter: as in ``init(path:delimiter:rowLimit:)``.
    ///   - rowLimit: the largest row to read, in bytes.
    /// - Throws: `FileError` when the source cannot be read or has no first record.
    public init(
        _ source: any ByteSource, name: String, delimiter: UInt8? = nil, rowLimit: Int = 1 << 28
    ) throws(FileError) {
        var parser = try DelimitedParser(
            source, name: name, delimiter: delimiter, recordLimit: rowLimit)
        guard let first = try parser.next() else {
            throw FileError(.malformedFile, "\(name): expected a row of column names, found none")
        }
        header = try Header(first, name: name, delimiter: parser.delimiter)
        self.parser = parser
    }

    /// Checks that columns exist.
    ///
    /// - Throws: `FileError` naming the missing columns, the ones found, and the delimiter that
    ///   the file seems to have when it is another.
    public func require(_ names: [String]) throws(FileError) {
        try header.require(names)
    }

    /// Reads the next row, nil at the end.
    ///
    /// - Throws: `FileError` with the line for a row with another number of fields than the
    ///   header, a quotation mark that is never closed, or a row larger than the limit.
    public mutating func next() throws(FileError) -> Row? {
        guard let record = try parser.next() else { return nil }
        guard record.fields.count == header.columns.count else {
            throw FileError(
                .malformedFile,
                "\(name):\(record.line): expected \(header.columns.count) fields, found "
                    + "\(record.fields.count); \(header.found)")
        }
        return Row(record: record, header: header)
    }
}

extension DelimitedTable {
    /// The column names of a table.
    final class Header: Sendable {
        let name: String
        let delimiter: UInt8
        let columns: [String]

        init(_ record: DelimitedRecord, name: String, delimiter: UInt8) throws(FileError) {
            var columns: [String] = []
            var taken: Set<ExactString> = []
            for (position, field) in record.fields.enumerated() {
                guard let text = String(validating: record.bytes[field.range], as: UTF8.self)
                else {
                    throw FileError(
                        .malformedFile,
                        "\(name):\(record.line): the name of column \(position + 1) is not UTF-8")
                }
                let wanted = text.isEmpty ? "Unnamed: \(position)" : text
                var unique = wanted
                var number = 1
                while !taken.insert(ExactString(unique)).inserted {
                    unique = "\(wanted).\(number)"
                    number += 1
                }
                columns.append(unique)
            }
            self.name = name
            self.delimiter = delimiter
            self.columns = columns
        }

        /// What stands in the file, in words.
        var found: String {
            let shown = columns.prefix(24).map { $0.quoted }.joined(separator: ", ")
            let rest = columns.count > 24 ? ", … (\(columns.count))" : ""
            return "columns: \(shown)\(rest)"
        }

        func index(of column: String) throws(FileError) -> Int {
            for (index, name) in columns.enumerated() where name.hasSameBytes(as: column) {
                return index
            }
            try require([column])
            return 0
        }

        func require(_ names: [String]) throws(FileError) {
            let missing = names.filter { name in !columns.contains { $0.hasSameBytes(as: name) } }
            if missing.isEmpty { return }
            let list = missing.map { $0.quoted }.joined(separator: ", ")
            throw FileError(
                .malformedFile,
                "\(name): no column \(list); \(found)\(hint(missing.count == names.count))")
        }

        /// The delimiter that would have found more columns.
        private func hint(_ isWhole: Bool) -> String {
            guard isWhole, columns.count == 1, let only = columns.first else { return "" }
            let kinds: [(UInt8, Character, String)] = [
                (UInt8(ascii: ","), ",", "commas"), (UInt8(ascii: "\t"), "\t", "tabs"),
                (UInt8(ascii: ";"), ";", "semicolons"), (UInt8(ascii: "|"), "|", "bars"),
            ]
            let used = kinds.first { $0.0 == delimiter }?.2 ?? "byte \(delimiter)"
            for kind in kinds where kind.0 != delimiter && only.contains(kind.1) {
                return "; its fields seem to be separated by \(kind.2), it was read with \(used)"
            }
            return ""
        }
    }
}
