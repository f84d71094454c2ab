/// A small generator whose sequence is fixed for ever by its seed.
///
/// SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts a sequence.
    public init(seed: UInt64) {
        state = seed
    }

    /// Starts the sequence of an epoch.
    init(seed: UInt64, epoch: Int) {
        self.init(seed: seed &+ UInt64(epoch) &* 0xD134_2543_DE82_EF95)
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A permutation of `0..<count`, by an algorithm of our own so that no release of Swift can
    /// change the order of a resumed run.
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            let (place, _) = next().multipliedFullWidth(by: UInt64(last + 1))
            order.swapAt(last, Int(place))
        }
        return order
    }
}
