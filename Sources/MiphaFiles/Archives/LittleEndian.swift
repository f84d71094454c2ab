/// Little-endian integers at positions of a byte array; nil beyond its end.
extension [UInt8] {
    func integer16(at position: Int) -> Int? {
        guard position >= 0, position <= count - 2 else { return nil }
        return Int(self[position]) | Int(self[position + 1]) << 8
    }

    func integer32(at position: Int) -> Int? {
        guard let low = integer16(at: position), let high = integer16(at: position + 2) else {
            return nil
        }
        return low | high << 16
    }

    /// Nil also for integers beyond `Int`.
    func integer64(at position: Int) -> Int? {
        guard let low = integer32(at: position), let high = integer32(at: position + 4),
            high < 1 << 31
        else { return nil }
        return low | high << 32
    }

    mutating func append16(_ value: Int) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func append32(_ value: Int) {
        append16(value)
        append16(value >> 16)
    }
}
