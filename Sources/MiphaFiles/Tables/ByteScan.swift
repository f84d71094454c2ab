/// The search for bytes that end a run of text.
enum ByteScan {
    /// The position of the first of three byte values in `start..<end`, else `end`.
    ///
    /// `end` is the array's end when it is nil; the range must lie within the array.
    static func first(
        of a: UInt8, _ b: UInt8, _ c: UInt8, in bytes: [UInt8], from start: Int,
        to end: Int? = nil
    ) -> Int {
        unsafe bytes.withUnsafeBytes { buffer in
            let ones: UInt64 = 0x0101_0101_0101_0101
            let (wideA, wideB, wideC) = (ones &* UInt64(a), ones &* UInt64(b), ones &* UInt64(c))
            let end = min(end ?? buffer.count, buffer.count)
            var position = start
            while position &+ 8 <= end {
                let word = unsafe UInt64(
                    littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let found = zeros(word ^ wideA) | zeros(word ^ wideB) | zeros(word ^ wideC)
                if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
                position &+= 8
            }
            while position < end {
                let byte = unsafe buffer[position]
                if byte == a || byte == b || byte == c { return position }
                position &+= 1
            }
            return position
        }
    }

    /// The high bit of every byte that is zero.
    ///
    /// Bytes above the lowest zero may be marked wrongly, never those below it.
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }
}
