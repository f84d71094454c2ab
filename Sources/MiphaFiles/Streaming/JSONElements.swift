/// The values of a JSON file of any size, one after the other, in a memory of about a megabyte.
///
/// ```swift
/// let annotations = try JSONElements(contentsOf: path, shape: .arrayUnder("annotations"))
/// while var annotation = try annotations.next() {
///     try annotation.beginObject()
///     while let key = try annotation.nextKey() {
///         if key == "question_id" { ids.append(try annotation.integer()) }
///     }
/// }
/// ```
///
/// The memory grows to the largest value, up to a limit. What stands around the values is checked
/// and skipped; a leading byte order mark is too. Duplicate keys of the outer object are noticed only
/// when one is the key of the values.
public final class JSONElements {
    /// Where the values stand in the text.
    public enum Shape: Sendable, Hashable {
        /// Told by the text: the elements of an array at the top; else, in a single object that has
        /// one of `keys` with an array, the elements of that array; else values on lines.
        ///
        /// In an object larger than the memory, keys are looked for in its first megabyte.
        case automatic(keys: [String] = [])
        /// The elements of an array at the top.
        case array
        /// The elements of the array under a key of the object at the top.
        case arrayUnder(String)
        /// Values with blanks or newlines between them, as JSON lines are.
        case lines
        /// The values of the object at the top, whatever their keys.
        case members
        /// The values of the object under a key of the object at the top.
        case membersUnder(String)
    }

    private enum State {
        case start
        /// Among the values; the bracket that ends them, or nil for lines.
        case inside(close: UInt8?, under: String?)
        case end
        case failed(FileError)
    }

    /// The file, as messages call it.
    public let file: String
    /// How many values were given so far.
    public private(set) var count = 0
    /// Where the values stand; before the first call of ``next()`` what was asked for.
    public private(set) var shape: Shape

    private let stream: JSONStream
    private var lines: JSONLineReader
    private var state = State.start
    private var hasObject = false
    private var firstMalformed: FileError?

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: a regular file.
    ///   - shape: where the values stand.
    ///   - leniency: what is accepted beyond strict JSON.
    ///   - limit: the largest single value, in bytes.
    /// - Throws: `FileError` when the file cannot be opened.
    public convenience init(
        contentsOf path: String, shape: Shape = .automatic(), leniency: JSONLeniency = .strict,
        limit: Int = 1 << 26
    ) throws(FileError) {
        try self.init(
            contentsOf: path, shape: shape, leniency: leniency, limit: limit, bufferSize: 1 << 20)
    }

    /// Reads from bytes in memory.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: how messages call the text.
    ///   - shape: where the values stand.
    ///   - leniency: what is accepted beyond strict JSON.
    ///   - limit: the largest single value, in bytes.
    public convenience init(
        _ bytes: [UInt8], file: String = "JSON text", shape: Shape = .automatic(),
        leniency: JSONLeniency = .strict, limit: Int = 1 << 26
    ) {
        self.init(
            bytes, file: file, shape: shape, leniency: leniency, limit: limit, bufferSize: 1 << 20)
    }

    /// Reads from a source, such as an entry of a zip archive.
    ///
    /// - Parameters:
    ///   - source: the text.
    ///   - file: how messages call it.
    ///   - shape: where the values stand.
    ///   - leniency: what is accepted beyond strict JSON.
    ///   - limit: the largest single value, in bytes.
    public convenience init(
        _ source: any ByteSource, file: String, shape: Shape = .automatic(),
        leniency: JSONLeniency = .strict, limit: Int = 1 << 26
    ) {
        self.init(
            JSONStream(
                FileSource(source), file: file, leniency: leniency, limit: limit,
                bufferSize: 1 << 20, style: .colons), shape)
    }

    package convenience init(
        contentsOf path: String, shape: Shape, leniency: JSONLeniency = .strict,
        limit: Int = 1 << 26, bufferSize: Int = 1 << 20, style: JSONPlaceStyle = .colons
    ) throws(FileError) {
        let source = try FileSource(path: path)
        self.init(
            JSONStream(
                source, file: path, leniency: leniency, limit: limit, bufferSize: bufferSize,
                style: style),
            shape)
    }

    package convenience init(
        _ bytes: [UInt8], file: String, shape: Shape, leniency: JSONLeniency = .strict,
        limit: Int = 1 << 26, bufferSize: Int = 1 << 20, style: JSONPlaceStyle = .colons
    ) {
        self.init(
            JSONStream(
                FileSource(bytes), file: file, leniency: leniency, limit: limit,
                bufferSize: bufferSize,
                style: style), shape)
    }

    private init(_ stream: JSONStream, _ shape: Shape) {
        self.stream = stream
        lines = JSONLineReader(stream)
        self.shape = shape
        file = stream.file
    }

    /// A cursor over the next value, or nil behind the last one.
    ///
    /// The cursor is checked as it is read; what is not read of it is not checked.
    /// ``forEach(_:)`` checks all.
    ///
    /// - Throws: `FileError` when the file cannot be read, ends too early, or is malformed around
    ///   the values; the same again when called again.
    public func next() throws(FileError) -> JSONCursor? {
        do throws(FileError) {
            return try step()
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// What stands next in a text: a value, or a line that holds none.
    package enum Found {
        case value(JSONCursor)
        case malformed(JSONMalformedLine)
    }

    /// As ``next()``, but for a text of values on lines it goes on behind a line that is not JSON.
    ///
    /// Such a line counts as one element. A text of any other first byte than `[` counts as lines here.
    ///
    /// - Throws: as ``next()``; for lines only when the file cannot be read or none has an object.
    package func nextOrMalformed() throws(FileError) -> Found? {
        do throws(FileError) {
            if case .start = state { try open(recognisingAnyLine: true) }
            guard case .inside(nil, _) = state else { return try step().map(Found.value) }
            guard try stream.peek() != nil else {
                if let firstMalformed, !hasObject { throw firstMalformed }
                state = .end
                return nil
            }
            let piece = try lines.piece(index: count)
            count += 1
            switch piece {
            case .value(let cursor):
                hasObject = hasObject || cursor.kind == .object
                return .value(cursor)
            case .malformed(let line):
                firstMalformed = firstMalformed ?? line.error
                return .malformed(line)
            }
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Calls `body` with each value; what `body` does not read is checked and skipped.
    ///
    /// - Throws: as ``next()``, and what `body` throws.
    public func forEach(_ body: (inout JSONCursor) throws -> Void) throws {
        while var cursor = try next() {
            try body(&cursor)
            try cursor.finish()
        }
    }

    private func step() throws(FileError) -> JSONCursor? {
        if case .start = state { try open() }
        switch state {
        case .failed(let error): throw error
        case .start, .end: return nil
        case .inside(nil, _):
            guard try stream.peek() != nil else {
                state = .end
                return nil
            }
        case .inside(let close?, let under):
            guard try stream.goesOn(to: close, isFirst: count == 0) else {
                if let under { try skipMembers(behind: under) }
                guard try stream.peek() == nil else {
                    throw stream.expected("the end of the text")
                }
                state = .end
                return nil
            }
        }
        let key = hasKeys ? try stream.key() : nil
        _ = try stream.peek()
        let cursor = try stream.value(index: count, key: key)
        count += 1
        return cursor
    }

    private var hasKeys: Bool {
        switch shape {
        case .members, .membersUnder: true
        default: false
        }
    }
}

// MARK: Before and behind the values

extension JSONElements {
    private func open(recognisingAnyLine isLenient: Bool = false) throws(FileError) {
        try stream.skipByteOrderMark()
        if case .automatic(let keys) = shape { try recognise(keys, isLenient) }
        switch shape {
        case .automatic, .lines:
            guard try stream.peek() != nil else { throw stream.expected("a value") }
            state = .inside(close: nil, under: nil)
        case .array: state = .inside(close: try enter("[", "an array"), under: nil)
        case .members: state = .inside(close: try enter("{", "an object"), under: nil)
        case .arrayUnder(let key): try open(key, "[", "an array")
        case .membersUnder(let key): try open(key, "{", "an object")
        }
    }

    private func recognise(_ keys: [String], _ isLenient: Bool) throws(FileError) {
        switch try stream.peek() {
        case UInt8(ascii: "["): shape = .array
        case UInt8(ascii: "{"):
            shape = .lines
            if !keys.isEmpty, try stream.isFollowed() != true,
                let key = stream.arrayKey(of: keys)
            {
                shape = .arrayUnder(key)
            }
        case .some where isLenient:
            shape = .lines
            firstMalformed = stream.expected("an array or an object")
        default: throw stream.expected("an array or an object")
        }
    }

    /// Moves past an opening bracket and gives the closing one.
    private func enter(_ bracket: Unicode.Scalar, _ what: String) throws(FileError) -> UInt8 {
        let byte = UInt8(ascii: bracket)
        guard try stream.peek() == byte else {
            throw stream.mismatch(what)
        }
        stream.advance()
        return byte + 2
    }

    private func open(
        _ key: String, _ bracket: Unicode.Scalar, _ what: String
    ) throws(FileError) {
        let close = try enter("{", "an object with the key \(key.quoted)")
        var others: [String] = []
        var isFirst = true
        while try stream.goesOn(to: close, isFirst: isFirst) {
            let other = try stream.key()
            if other.hasSameBytes(as: key) {
                state = .inside(
                    close: try enter(bracket, "\(what) under the key \(key.quoted)"), under: key)
                return
            }
            try stream.skipValue()
            if others.count < 12 { others.append(other.quoted) }
            isFirst = false
        }
        let found = others.isEmpty ? "an empty object" : others.joined(separator: ", ")
        throw stream.failure("expected the key \(key.quoted) with \(what), found \(found)")
    }

    /// Moves past the rest of the outer object.
    private func skipMembers(behind key: String) throws(FileError) {
        while try stream.goesOn(to: UInt8(ascii: "}"), isFirst: false) {
            let other = try stream.key()
            guard !other.hasSameBytes(as: key) else {
                throw stream.failure("duplicate key \(key.quoted)")
            }
            try stream.skipValue()
        }
    }
}
