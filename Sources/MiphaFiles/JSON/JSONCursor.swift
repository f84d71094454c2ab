/// A reader that walks once over the bytes of one JSON value and makes only what it is asked for.
///
/// ```swift
/// try cursor.beginObject()
/// while let key = try cursor.nextKey() {
///     switch key {
///     case "question_id": id = try cursor.integer()
///     case "answers":
///         try cursor.beginArray()
///         while try cursor.nextElement() { answers.append(try cursor.string()) }
///     default: break
///     }
/// }
/// ```
///
/// A value that is not read is checked and skipped. The text is strict JSON (RFC 8259) except for what
/// ``leniency`` allows; nesting is bounded by ``JSONValue/maximumDepth``. Unlike ``value()``, the
/// walk does not notice a key that comes twice. Every error names file, line and column.
public struct JSONCursor {
    /// What is expected next.
    enum Progress {
        /// A container was opened; its first member or its end comes next.
        case opened
        /// A value comes next.
        case pending
        /// A value ended.
        case done
    }

    var scanner: JSONScanner
    var progress = Progress.pending

    init(
        window: ByteWindow, range: Range<Int>, file: String, place: JSONPlace = JSONPlace(),
        index: Int? = nil, key: String? = nil, leniency: JSONLeniency, keys: JSONKeyCache,
        style: JSONPlaceStyle = .colons
    ) {
        scanner = JSONScanner(
            window: window, range: range, file: file, place: place, index: index, key: key,
            leniency: leniency, keys: keys, style: style)
    }

    /// Creates a cursor over a JSON text, UTF-8 without a byte order mark.
    ///
    /// - Parameters:
    ///   - bytes: the text; it is copied.
    ///   - file: how messages call the text.
    ///   - leniency: what is accepted beyond strict JSON.
    public init(_ bytes: [UInt8], file: String = "JSON text", leniency: JSONLeniency = .strict) {
        self.init(
            window: ByteWindow(copying: bytes), range: 0..<bytes.count, file: file,
            leniency: leniency, keys: JSONKeyCache())
    }

    /// Creates a cursor over a JSON file that is read as a whole.
    ///
    /// - Throws: `FileError` when the file cannot be read or is larger than `limit` bytes.
    public init(
        contentsOf path: String, limit: Int = 1 << 30, leniency: JSONLeniency = .strict
    ) throws(FileError) {
        self.init(try FileSystem.read(path, limit: limit), file: path, leniency: leniency)
    }

    package init(_ bytes: [UInt8], file: String, style: JSONPlaceStyle) {
        self.init(
            window: ByteWindow(copying: bytes), range: 0..<bytes.count, file: file,
            leniency: .strict, keys: JSONKeyCache(), style: style)
    }

    /// A cursor over a piece of a file, whose place is known.
    package init(
        _ bytes: [UInt8], file: String, at place: JSONPlace, index: Int, style: JSONPlaceStyle
    ) {
        self.init(
            window: ByteWindow(copying: bytes), range: 0..<bytes.count, file: file, place: place,
            index: index, leniency: .strict, keys: JSONKeyCache(), style: style)
    }

    // MARK: What it is over

    /// How messages call the text.
    public var file: String { scanner.file }

    /// The number of the value in its file, from 0; nil for a text of one value.
    public var index: Int? { scanner.index }

    /// The key of the value, when the members of an object are read one by one.
    public var key: String? { scanner.key }

    /// What is accepted beyond strict JSON.
    public var leniency: JSONLeniency { scanner.leniency }

    /// Where the text of this cursor starts in its file.
    public var place: JSONPlace { scanner.place }

    /// The next byte, counted from where the text is in memory.
    package var position: Int { scanner.position }

    /// The bytes of the whole value.
    public var bytes: [UInt8] {
        unsafe [UInt8](
            UnsafeBufferPointer(
                start: scanner.base + scanner.start, count: scanner.end - scanner.start))
    }

    /// The kind of the value that comes next, by its first byte; nil for none.
    public var kind: JSONKind? {
        let index = valueStart
        guard progress == .pending, index < scanner.end else { return nil }
        return JSONKind(firstByte: scanner.byte(index))
    }

    private var valueStart: Int {
        var index = scanner.position
        guard progress == .pending else { return index }
        while index < scanner.end, JSONScanner.isWhitespace(scanner.byte(index)) { index += 1 }
        return index
    }

    /// An error at the value that comes next; for what is well formed but not what is needed.
    public func failure(_ message: String) -> FileError {
        scanner.failure(message, at: valueStart)
    }

    // MARK: The steps around a value

    /// Moves to the first byte of the value that is to be read.
    @inline(__always)
    mutating func begin() throws(FileError) {
        guard progress == .pending else { throw noValue() }
        scanner.skipWhitespace()
    }

    /// Notes that a value was read to its end; after the outermost one only whitespace may follow.
    @inline(__always)
    mutating func complete() throws(FileError) {
        progress = .done
        if scanner.depth == 0 {
            scanner.skipWhitespace()
            guard scanner.position == scanner.end else {
                throw scanner.expected("the end of the text")
            }
        }
    }

    private func noValue() -> FileError {
        FileError(
            .invalidRequest, "\(failure("there is no value to read here, or it was read").message)")
    }
}
