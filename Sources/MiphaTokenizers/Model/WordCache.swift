/// The ids of words seen before: bounded, and emptied when full.
///
/// Words of up to 15 bytes are their own key; longer ones, up to 64 bytes, are kept in an arena
/// addressed by a 64-bit hash. Emptying costs a few milliseconds every ten thousands of new words and
/// keeps a long run on one topic fast.
struct WordCache: Sendable {
    private struct Slot: Sendable {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var start: UInt32 = 0
        var count: UInt32 = 0
    }

    /// A word's key, made once and used for the look-up and the insertion.
    struct Key {
        var low: UInt64
        var high: UInt64
    }

    /// The longest word that is kept, in bytes.
    static let longestWord = 64
    private static let longMarker: UInt64 = 0xFF << 56
    private static let offsetMask: UInt64 = 0xFFFF_FFFF_0000
    private static let maximumWords = 1 << 16
    private static let maximumValues = 1 << 20

    private var slots: [Slot]
    private var mask: Int
    private var words = 0
    /// The ids of all words, one after the other.
    private(set) var values: [UInt32] = []
    private var arena: [UInt8] = []

    init() {
        slots = Array(repeating: Slot(), count: 1 << 13)
        mask = 1 << 13 - 1
    }

    /// The key of the word `start..<end`, of 1 to 64 bytes.
    @inline(__always)
    static func key(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Key {
        let count = end - start
        var low: UInt64 = 0
        var high: UInt64 = 0
        if count <= 15 {
            let middle = min(end, start + 8)
            var position = middle
            while position > start {
                position -= 1
                low = low << 8 | UInt64(bytes[position])
            }
            position = end
            while position > middle {
                position -= 1
                high = high << 8 | UInt64(bytes[position])
            }
            return Key(low: low, high: high | UInt64(count) << 56)
        }
        low = 0xCBF2_9CE4_8422_2325
        for position in start..<end { low = (low ^ UInt64(bytes[position])) &* 0x100_0000_01B3 }
        return Key(low: low, high: longMarker | UInt64(count))
    }

    @inline(__always)
    private func home(_ key: Key) -> Int {
        let mixed = (key.low ^ key.high &* 0xFF51_AFD7_ED55_8CCD) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & mask
    }

    /// Where in ``values`` the ids of the word are, or nil.
    @inline(__always)
    func find(_ key: Key, _ bytes: Span<UInt8>, _ start: Int) -> (start: Int, count: Int)? {
        var index = home(key)
        while true {
            let slot = slots[index]
            if slot.low == key.low {
                let isLong = key.high >= Self.longMarker
                let high = isLong ? slot.high & ~Self.offsetMask : slot.high
                if high == key.high, !isLong || isSame(slot, bytes, start) {
                    return (Int(slot.start), Int(slot.count))
                }
            }
            if slot.high == 0 { return nil }
            index = (index + 1) & mask
        }
    }

    private func isSame(_ slot: Slot, _ bytes: Span<UInt8>, _ start: Int) -> Bool {
        let offset = Int(slot.high >> 16 & 0xFFFF_FFFF)
        for position in 0..<Int(slot.high & 0xFFFF)
        where arena[offset + position] != bytes[start + position] {
            return false
        }
        return true
    }

    /// Keeps the ids of a word that ``find(_:_:_:)`` did not find.
    mutating func insert(_ key: Key, _ bytes: Span<UInt8>, _ start: Int, _ end: Int, ids: [UInt32])
    {
        if words == Self.maximumWords || values.count + ids.count > Self.maximumValues {
            self = WordCache()
        } else if (words + 1) * 2 > slots.count {
            grow()
        }
        var slot = Slot(
            low: key.low, high: key.high, start: UInt32(values.count), count: UInt32(ids.count))
        if key.high >= Self.longMarker {
            slot.high |= UInt64(arena.count) << 16
            for position in start..<end { arena.append(bytes[position]) }
        }
        values.append(contentsOf: ids)
        place(slot, home(key))
        words += 1
    }

    private mutating func place(_ slot: Slot, _ home: Int) {
        var index = home
        while slots[index].high != 0 { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        mask = slots.count - 1
        for slot in old where slot.high != 0 {
            var key = Key(low: slot.low, high: slot.high)
            if key.high >= Self.longMarker { key.high &= ~Self.offsetMask }
            place(slot, self.home(key))
        }
    }
}
