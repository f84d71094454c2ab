extension DelimitedTable {
    /// One row: the texts of its fields, by the names of the columns.
    ///
    /// It holds the bytes of all its fields; keep what is needed of them instead of the row.
    public struct Row: Sendable {
        let record: DelimitedRecord
        let header: Header

        /// The line on which the row starts, from 1.
        public var line: Int { record.line }

        /// The names of the columns.
        public var columns: [String] { header.columns }

        /// The text of a field as it stands, "" when there is nothing.
        ///
        /// - Throws: `FileError` when there is no such column, or the text is not UTF-8.
        public func text(_ column: String) throws(FileError) -> String {
            let range = try field(column).range
            guard let text = String(validating: record.bytes[range], as: UTF8.self) else {
                throw FileError(
                    .malformedFile,
                    "\(header.name):\(line): the field \(column.quoted) is not UTF-8")
            }
            return text
        }

        /// The text of a field, nil where pandas reads a missing value.
        ///
        /// That is an empty field and the texts ``DelimitedTable/pandasMissing``, also in quotation
        /// marks; pandas' `str()` of such a value is `nan`.
        ///
        /// - Throws: `FileError` when there is no such column, or the text is not UTF-8.
        public func value(_ column: String) throws(FileError) -> String? {
            let text = try text(column)
            return pandasMissing.contains(text) ? nil : text
        }

        /// The bytes of a field, quotation marks resolved.
        ///
        /// - Throws: `FileError` when there is no such column.
        public func bytes(_ column: String) throws(FileError) -> [UInt8] {
            Array(record.bytes[try field(column).range])
        }

        /// Where a field stands in the file, without the quotation marks around it; nil when it
        /// is empty.
        ///
        /// For columns of large Base64 texts, which are better read when they are needed. The
        /// bytes there are the raw ones: a quotation mark inside a quoted field is two.
        ///
        /// - Throws: `FileError` when there is no such column.
        public func place(of column: String) throws(FileError) -> FilePlace? {
            let place = try field(column).place
            return place.length == 0 ? nil : place
        }

        private func field(_ column: String) throws(FileError) -> DelimitedRecord.Field {
            record.fields[try header.index(of: column)]
        }
    }
}
