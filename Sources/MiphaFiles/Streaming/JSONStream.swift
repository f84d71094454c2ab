/// A window that moves over a JSON text of any length and cuts it into values.
@safe final class JSONStream {
    /// What a look for the end of a value found.
    enum Extent {
        /// The value ends before this byte of the window.
        case complete(Int)
        /// The text ends within the value.
        case cut
        /// The value does not fit the window.
        case large
    }

    let file: String
    private let source: FileSource
    private let leniency: JSONLeniency
    private let limit: Int
    private let style: JSONPlaceStyle
    private let keys = JSONKeyCache()
    private(set) var window: ByteWindow
    private(set) var filled = 0
    /// Whether the window holds the end of the text.
    private(set) var isComplete = false
    /// The next byte, as a place in the window and in the text.
    private(set) var position = 0
    private(set) var place = JSONPlace()

    /// - Parameters:
    ///   - limit: the bytes of the largest value that is kept whole.
    ///   - bufferSize: the bytes of the window as long as values fit.
    init(
        _ source: FileSource, file: String, leniency: JSONLeniency, limit: Int,
        bufferSize: Int, style: JSONPlaceStyle
    ) {
        self.source = source
        self.file = file
        self.leniency = leniency
        self.limit = limit
        self.style = style
        window = ByteWindow(capacity: max(1, min(bufferSize, max(limit, 1))))
    }

    // MARK: The window

    /// Brings in more bytes, keeping those from the position on.
    ///
    /// - Returns: whether there are more; not at the end, and not when the window is full and
    ///   may not grow.
    func refill(growing: Bool) throws(FileError) -> Bool {
        guard !isComplete else { return false }
        if filled == window.capacity {
            guard position > 0 || (growing && filled < limit) else { return false }
            makeRoom()
        }
        let got = try unsafe source.read(
            into: window.base + filled, count: window.capacity - filled)
        filled += got
        isComplete = got == 0
        return got > 0
    }

    /// Moves the bytes from the position on to the front, of a larger window when it was full.
    private func makeRoom() {
        let rest = filled - position
        let capacity = position > 0 ? window.capacity : min(window.capacity * 2, limit)
        // A cursor that somebody kept still reads the old memory.
        if capacity == window.capacity, isKnownUniquelyReferenced(&window) {
            unsafe window.base.update(from: window.base + position, count: rest)
        } else {
            let next = ByteWindow(capacity: capacity)
            unsafe next.base.update(from: window.base + position, count: rest)
            window = next
        }
        position = 0
        filled = rest
    }

    /// Moves to a later byte of the window.
    func consume(to end: Int) {
        unsafe place.advance(over: UnsafePointer(window.base + position), end - position)
        position = end
    }

    // MARK: Tokens

    /// Skips a byte order mark at the very beginning.
    ///
    /// - Throws: `FileError` for a file that is no text in UTF-8 by its first bytes.
    func skipByteOrderMark() throws(FileError) {
        while filled < FileSignature.length, try refill(growing: true) {}
        let start = unsafe UnsafeBufferPointer(
            start: window.base, count: min(filled, FileSignature.length))
        try unsafe FileSignature.refuse(
            Array(start), file, expected: "JSON in UTF-8", .malformedJSON)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard filled >= 3 else { return }
        for index in 0..<3 where unsafe window.base[index] != mark[index] { return }
        consume(to: 3)
        place = JSONPlace()
        place.byte = 3
    }

    /// The next byte that is not blank, without moving past it; nil at the end.
    func peek() throws(FileError) -> UInt8? {
        while true {
            var index = position
            while index < filled {
                let byte = unsafe window.base[index]
                guard JSONScanner.isWhitespace(byte) else {
                    if index > position { consume(to: index) }
                    return byte
                }
                index += 1
            }
            consume(to: index)
            guard try refill(growing: false) else { return nil }
        }
    }

    /// Moves past the next byte, which is known.
    func advance() {
        consume(to: position + 1)
    }

    /// Moves past a byte when it comes next.
    func take(_ byte: UInt8) throws(FileError) -> Bool {
        guard try peek() == byte else { return false }
        advance()
        return true
    }

    // MARK: Values

    /// Looks for the end of the value at the position.
    func extent(growing: Bool) throws(FileError) -> Extent {
        var boundary = JSONBoundary(index: position)
        while true {
            if unsafe boundary.find(in: UnsafePointer(window.base), to: filled) {
                return .complete(boundary.index)
            }
            let before = position
            guard try refill(growing: growing) else {
                guard isComplete else { return .large }
                return boundary.endsWithText ? .complete(filled) : .cut
            }
            boundary.index -= before - position
        }
    }

    /// A cursor over the value at the position, and moves past it.
    func value(index: Int?, key: String? = nil) throws(FileError) -> JSONCursor {
        switch try extent(growing: true) {
        case .complete(let end):
            let cursor = cursor(to: end, index: index, key: key)
            guard end > position else { throw expected("a value") }
            consume(to: end)
            return cursor
        case .cut: throw cutError(index: index, key: key)
        case .large:
            throw cursor(to: filled, index: index, key: key).failure(
                "the value is larger than \(limit) bytes")
        }
    }

    /// The key at the position, and moves behind the colon.
    func key() throws(FileError) -> String {
        guard try peek() == UInt8(ascii: "\"") else {
            throw expected("a key in quotation marks")
        }
        var cursor = try value(index: nil)
        let key = try cursor.string()
        guard try take(UInt8(ascii: ":")) else {
            throw expected("':' after the key \(key.quoted)")
        }
        return key
    }

    /// Moves past the value at the position, however large, and checks it.
    func skipValue(depth: Int = 1) throws(FileError) {
        guard depth <= JSONValue.maximumDepth else {
            throw failure("nested deeper than \(JSONValue.maximumDepth) levels")
        }
        let first = try peek()
        switch try extent(growing: false) {
        case .large where first == UInt8(ascii: "{"):
            advance()
            var isFirst = true
            while try goesOn(to: UInt8(ascii: "}"), isFirst: isFirst) {
                _ = try key()
                try skipValue(depth: depth + 1)
                isFirst = false
            }
        case .large where first == UInt8(ascii: "["):
            advance()
            var isFirst = true
            while try goesOn(to: UInt8(ascii: "]"), isFirst: isFirst) {
                try skipValue(depth: depth + 1)
                isFirst = false
            }
        default:
            var cursor = try value(index: nil)
            try cursor.skip()
        }
    }

    /// Moves to the next member of a container, or past its closing bracket.
    ///
    /// - Returns: whether there is another member.
    func goesOn(to close: UInt8, isFirst: Bool) throws(FileError) -> Bool {
        if try take(close) { return false }
        if !isFirst {
            guard try take(UInt8(ascii: ",")) else {
                throw expected("',' or \(JSONScanner.words(for: close))")
            }
        }
        return true
    }

    // MARK: Looking ahead

    /// Whether another value follows the one at the position; nil when that one does not fit.
    func isFollowed() throws(FileError) -> Bool? {
        guard case .complete(var index) = try extent(growing: false) else { return nil }
        while true {
            while index < filled {
                if unsafe !JSONScanner.isWhitespace(window.base[index]) { return true }
                index += 1
            }
            let before = position
            guard try refill(growing: true) else { return false }
            index -= before - position
        }
    }

    /// The first of `names` that is a key with an array in the object at the position, as far as
    /// the window shows.
    func arrayKey(of names: [String]) -> String? {
        var cursor = cursor(to: filled, index: nil, key: nil)
        do throws(FileError) {
            try cursor.beginObject()
            while let key = try cursor.nextKey() {
                if cursor.kind == .array, let name = names.first(where: key.hasSameBytes) {
                    return name
                }
            }
        } catch {
            // The object goes on behind the window, or is malformed; both come to light later.
        }
        return nil
    }

    // MARK: Errors

    func failure(_ message: String) -> FileError {
        cursor(to: position, index: nil, key: nil).failure(message)
    }

    /// An error about the next byte; call it after ``peek()``.
    func expected(_ what: String) -> FileError {
        cursor(to: min(position + 1, filled), index: nil, key: nil).scanner.expected(what)
    }

    /// An error about the value that begins with the next byte; call it after ``peek()``.
    func mismatch(_ what: String) -> FileError {
        cursor(to: min(position + 1, filled), index: nil, key: nil).scanner.mismatch(what)
    }

    private func cutError(index: Int?, key: String?) -> FileError {
        var cursor = cursor(to: filled, index: index, key: key)
        do throws(FileError) {
            try cursor.skip()
        } catch {
            return error
        }
        return cursor.failure("the text ends within the value")
    }

    func cursor(
        to end: Int, index: Int?, key: String?, style: JSONPlaceStyle? = nil
    ) -> JSONCursor {
        JSONCursor(
            window: window, range: position..<end, file: file, place: place, index: index,
            key: key, leniency: leniency, keys: keys, style: style ?? self.style)
    }

    /// A cursor over a value that begins behind the position, for looking at.
    func cursor(over range: Range<Int>) -> JSONCursor {
        JSONCursor(
            window: window, range: range, file: file, leniency: leniency, keys: keys, style: style)
    }
}
