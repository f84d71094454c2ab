/// Reads the smallest pieces of JSON text: bytes, words, strings and numbers.
///
/// ``JSONCursor`` walks over values with one. Readers that want only some of JSON use one alone.
@safe package struct JSONScanner {
    let file: String
    let index: Int?
    let key: String?
    let leniency: JSONLeniency
    /// Where `start` lies in the file.
    let place: JSONPlace
    let style: JSONPlaceStyle
    // The window keeps the memory behind `base`; nobody writes to `start..<end` while it is shared.
    private let window: ByteWindow
    let base: UnsafePointer<UInt8>
    let start: Int
    let end: Int
    let keys: JSONKeyCache
    /// The next byte, counted from `base`.
    package internal(set) var position: Int
    /// How many containers were begun and not left.
    var depth = 0
    /// What the next bytes belong to, for messages; nil for the number or the key of the value.
    package var context: String?

    init(
        window: ByteWindow, range: Range<Int>, file: String, place: JSONPlace, index: Int?,
        key: String?, leniency: JSONLeniency, keys: JSONKeyCache, style: JSONPlaceStyle
    ) {
        self.window = window
        unsafe base = UnsafePointer(window.base)
        start = range.lowerBound
        end = range.upperBound
        position = range.lowerBound
        self.file = file
        self.place = place
        self.index = index
        self.key = key
        self.leniency = leniency
        self.keys = keys
        self.style = style
    }

    /// Creates a scanner over a text; strict JSON.
    package init(_ bytes: [UInt8], file: String, style: JSONPlaceStyle) {
        self.init(
            window: ByteWindow(copying: bytes), range: 0..<bytes.count, file: file,
            place: JSONPlace(), index: nil, key: nil, leniency: .strict, keys: JSONKeyCache(),
            style: style)
    }

    @inline(__always)
    func byte(_ index: Int) -> UInt8 {
        assert(index >= start && index < end)
        return unsafe base[index]
    }

    @inline(__always)
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always)
    package mutating func skipWhitespace() {
        while position < end, Self.isWhitespace(byte(position)) { position += 1 }
    }

    @inline(__always)
    package mutating func take(_ wanted: UInt8) -> Bool {
        guard position < end, byte(position) == wanted else { return false }
        position += 1
        return true
    }

    /// Takes a word (true, false, null) when it stands here.
    mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - position >= count else { return false }
        for offset in 0..<count
        where unsafe byte(position + offset) != word.utf8Start[offset] { return false }
        position += count
        return true
    }

    package mutating func expect(
        _ byte: UInt8, _ what: @autoclosure () -> String
    ) throws(FileError) {
        guard take(byte) else { throw expected(what()) }
    }

    package var isAtEnd: Bool { position >= end }

    package var nextByte: UInt8? { position < end ? byte(position) : nil }

    /// Goes past an opening bracket.
    mutating func descend() throws(FileError) {
        depth += 1
        guard depth <= JSONValue.maximumDepth else {
            throw failure("nested deeper than \(JSONValue.maximumDepth) levels", at: position)
        }
        position += 1
    }
}
