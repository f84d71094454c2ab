/// Loops over raw bytes, eight at a time where that pays.
///
/// Each function reads only from the range it is given.
enum JSONBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    private static func load(_ start: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UInt64(
            littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    }

    /// The high bits of the zero bytes; right up to and including the lowest of them.
    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- ones) & ~word & highs
    }

    /// The first byte in `start..<end` that ends a run of plain string text: a quotation mark, a
    /// backslash or a control character; `end` when there is none.
    ///
    /// `seen` collects bits; its ``highs`` are clear when all bytes before are ASCII.
    @inline(__always)
    static func plainEnd(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, seen: inout UInt64
    ) -> Int {
        var index = start
        while index &+ 8 <= end {
            let word = unsafe load(base + index)
            let stops =
                zeros(word ^ (ones &* 0x22)) | zeros(word ^ (ones &* 0x5C))
                | ((word &- ones &* 0x20) & ~word & highs)
            if stops != 0 {
                let offset = stops.trailingZeroBitCount
                seen |= word & ((1 as UInt64) << UInt64(offset) &- 1)
                return index &+ offset >> 3
            }
            seen |= word
            index &+= 8
        }
        while index < end {
            let byte = unsafe base[index]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { return index }
            seen |= UInt64(byte)
            index &+= 1
        }
        return end
    }

    /// The first quotation mark or backslash in `start..<end`, or `end`.
    @inline(__always)
    static func quoteOrBackslash(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int
    ) -> Int {
        var index = start
        while index &+ 8 <= end {
            let word = unsafe load(base + index)
            let stops = zeros(word ^ (ones &* 0x22)) | zeros(word ^ (ones &* 0x5C))
            if stops != 0 { return index &+ stops.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < end {
            let byte = unsafe base[index]
            if byte == 0x22 || byte == 0x5C { return index }
            index &+= 1
        }
        return end
    }

    /// Counts the newlines and the bytes that continue a character of UTF-8.
    static func counts(
        _ start: UnsafePointer<UInt8>, _ count: Int
    ) -> (newlines: Int, continuations: Int) {
        var newlines = 0
        var continuations = 0
        var index = 0
        while index &+ 8 <= count {
            // Eight counters of one byte each: they hold 255 steps.
            let stop = min(count &- 7, index &+ 255 * 8)
            var lines: UInt64 = 0
            var others: UInt64 = 0
            while index < stop {
                let word = unsafe load(start + index)
                lines &+= self.newlines(word) >> 7
                others &+= (word & ~(word << 1) & highs) >> 7
                index &+= 8
            }
            newlines &+= sum(lines)
            continuations &+= sum(others)
        }
        while index < count {
            let byte = unsafe start[index]
            if byte == 0x0A { newlines &+= 1 }
            if byte & 0xC0 == 0x80 { continuations &+= 1 }
            index &+= 1
        }
        return (newlines, continuations)
    }

    /// The sum of the eight bytes of a word.
    private static func sum(_ word: UInt64) -> Int {
        let lanes: UInt64 = 0x00FF_00FF_00FF_00FF
        let pairs = (word & lanes) &+ (word >> 8 & lanes)
        return Int(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) >> 48)
    }

    /// The exact high bits of the newlines in a word.
    @inline(__always)
    private static func newlines(_ word: UInt64) -> UInt64 {
        let difference = word ^ (ones &* 0x0A)
        return ~(((difference & ~highs) &+ ~highs) | difference | ~highs)
    }

    /// The string of bytes that must be UTF-8, or nil when they are not.
    ///
    /// `String(validating:as:)` looks up generic metadata in each call; that costs more than the
    /// copy of a short string.
    @inline(__always)
    static func text(_ start: UnsafePointer<UInt8>, _ count: Int) -> String? {
        guard unsafe firstInvalidUTF8(start, 0, count) == nil else { return nil }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The first byte in `start..<end` that cannot continue well-formed UTF-8.
    static func firstInvalidUTF8(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int
    ) -> Int? {
        var position = start
        while position < end {
            if position &+ 8 <= end, unsafe load(base + position) & highs == 0 {
                position &+= 8
                continue
            }
            let first = unsafe base[position]
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch first {
            case 0x00...0x7F:
                position += 1
                continue
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF:
                length = 3
                if first == 0xE0 { low = 0xA0 }
                if first == 0xED { high = 0x9F }
            case 0xF0...0xF4:
                length = 4
                if first == 0xF0 { low = 0x90 }
                if first == 0xF4 { high = 0x8F }
            default: return position
            }
            for offset in 1..<length {
                let next = position + offset
                guard next < end, unsafe base[next] >= low, unsafe base[next] <= high else {
                    return position
                }
                low = 0x80
                high = 0xBF
            }
            position += length
        }
        return nil
    }
}
