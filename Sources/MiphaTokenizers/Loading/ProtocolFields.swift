/// Walks over the fields of a protocol buffer message; foreign bytes give an error, nothing else.
struct ProtocolFields {
    /// A field's content by its wire type.
    enum Value {
        case number(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
    }

    let bytes: [UInt8]
    let file: String
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>, file: String) {
        self.bytes = bytes
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the end.
    mutating func next() throws(TokenizerError) -> (number: Int, value: Value)? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw broken("a field number", at: start) }
        let number = Int(key >> 3)
        switch key & 7 {
        case 0: return (number, .number(try varint()))
        case 1: return (number, .fixed64(try fixed(8)))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw broken("\(length) bytes, but the message ends", at: start)
            }
            let range = position..<position + Int(length)
            position = range.upperBound
            return (number, .bytes(range))
        case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw broken("a field of wire type 0, 1, 2 or 5", at: start)
        }
    }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw broken("a number", at: start)
    }

    private mutating func fixed(_ count: Int) throws(TokenizerError) -> UInt64 {
        guard end - position >= count else { throw broken("\(count) bytes", at: position) }
        var value: UInt64 = 0
        for offset in (0..<count).reversed() {
            value = value << 8 | UInt64(bytes[position + offset])
        }
        position += count
        return value
    }

    private func broken(_ expected: String, at place: Int) -> TokenizerError {
        TokenizerError(
            .syntax, "\(file): byte \(place): not a SentencePiece model: expected \(expected)")
    }
}
