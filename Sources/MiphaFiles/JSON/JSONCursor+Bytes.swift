// The grammar's smallest pieces. Readers of other texts that are nearly JSON use them too.
extension JSONCursor {
    @inline(__always)
    func byte(_ index: Int) -> UInt8 {
        assert(index >= start && index < end)
        return unsafe base[index]
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always)
    package mutating func skipBlanks() {
        while position < end, Self.isBlank(byte(position)) { position += 1 }
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
}
