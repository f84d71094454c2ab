extension JSONValue {
    /// The deepest nesting of arrays and objects that the readers accept.
    public static let maximumDepth = 128

    /// Reads a JSON file.
    ///
    /// - Parameters:
    ///   - path: the file, UTF-8; a byte order mark in front, as Windows editors write it, is skipped.
    ///   - limit: the largest file to read, in bytes.
    ///   - leniency: what is accepted beyond strict JSON.
    /// - Throws: `FileError` naming file, line and column.
    public init(
        contentsOf path: String, limit: Int = 1 << 30, leniency: JSONLeniency = .strict
    ) throws(FileError) {
        let bytes = try FileSystem.read(path, limit: limit)
        let isMarked = bytes.starts(with: ByteOrderMark.bytes)
        try self.init(
            parsing: isMarked ? Array(ByteOrderMark.removed(from: bytes)) : bytes, file: path,
            leniency: leniency)
    }

    /// Parses a JSON text.
    ///
    /// - Throws: as ``init(parsing:file:leniency:)``.
    public init(
        parsing text: String, file: String = "JSON text", leniency: JSONLeniency = .strict
    ) throws(FileError) {
        try self.init(parsing: Array(text.utf8), file: file, leniency: leniency)
    }

    /// Parses a JSON text given as UTF-8 bytes.
    ///
    /// Strict RFC 8259: no comments, no trailing commas, no `NaN`. Beyond the standard it refuses
    /// duplicate keys, nesting deeper than ``maximumDepth``, numbers beyond double range and
    /// escaped halves of surrogate pairs.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: how messages call the text.
    ///   - leniency: what is accepted beyond strict JSON.
    /// - Throws: `FileError` with `file:line:column`; the column counts characters from 1.
    public init(
        parsing bytes: [UInt8], file: String = "JSON text", leniency: JSONLeniency = .strict
    ) throws(FileError) {
        var cursor = JSONCursor(bytes, file: file, leniency: leniency)
        do {
            self = try cursor.value()
        } catch {
            throw Self.failure(error, bytes, file)
        }
    }

    /// The failure to parse a text, in better words where it is none in UTF-8.
    private static func failure(_ error: FileError, _ bytes: [UInt8], _ file: String) -> FileError {
        FileSignature.message(bytes, file, expected: "JSON in UTF-8")
            .map { FileError(error.code, $0) } ?? error
    }

    /// Parses a file that other programs write, editors of Windows among them: a byte order mark in
    /// front is skipped.
    package init(
        parsingForeign bytes: [UInt8], file: String
    ) throws(FileError) {
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        try self.init(parsing: mark == 0 ? bytes : Array(bytes.dropFirst(mark)), file: file)
    }

    package init(
        parsing bytes: [UInt8], file: String, style: JSONPlaceStyle
    ) throws(FileError) {
        var cursor = JSONCursor(bytes, file: file, style: style)
        do {
            self = try cursor.value()
        } catch {
            throw Self.failure(error, bytes, file)
        }
    }
}
