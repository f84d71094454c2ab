/// A flat hash table from 64-bit keys to 32-bit values, filled once and then only read.
///
/// Open addressing with linear probing at no more than half load; a key and its value share a cache
/// line.
struct PairTable: Sendable {
    private struct Slot: Sendable {
        var key: UInt64
        var value: UInt32
    }

    private static let vacant = UInt64.max
    /// The value returned for a key that is not there.
    static let missing = UInt32.max

    private var slots: [Slot]
    private let shift: UInt64
    private let mask: Int

    /// An empty table with room for `capacity` keys.
    init(capacity: Int) {
        var bits = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        slots = Array(repeating: Slot(key: Self.vacant, value: Self.missing), count: 1 << bits)
        shift = UInt64(64 - bits)
        mask = 1 << bits - 1
    }

    @inline(__always)
    static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
        UInt64(left) << 32 | UInt64(right)
    }

    @inline(__always)
    private func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: ((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }

    @inline(__always)
    subscript(key: UInt64) -> UInt32 {
        var index = home(key)
        while true {
            let slot = slots[index]
            if slot.key == key { return slot.value }
            if slot.key == Self.vacant { return Self.missing }
            index = (index + 1) & mask
        }
    }

    /// Stores `value` over an earlier one of the same key; at most `capacity` different keys.
    mutating func set(_ key: UInt64, _ value: UInt32) {
        var index = home(key)
        while slots[index].key != Self.vacant, slots[index].key != key {
            index = (index + 1) & mask
        }
        slots[index] = Slot(key: key, value: value)
    }
}
