import MiphaFiles

/// Random numbers for the choice of tokens, the same for a seed on every machine.
///
/// xoshiro256** with its state filled by SplitMix64. One request owns one generator, so its answer
/// does not depend on the requests beside it. Reference: Blackman and Vigna, "Scrambled linear
/// pseudorandom number generators", 2021.
public struct SamplingGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Starts the sequence of a seed.
    public init(seed: UInt64) {
        var source = SplitMix64(seed: seed)
        state = (source.next(), source.next(), source.next(), source.next())
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
            (value << count) | (value >> (64 - count))
        }
        let result = rotated(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }

    /// A number in 0..<1 with 53 random bits.
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
