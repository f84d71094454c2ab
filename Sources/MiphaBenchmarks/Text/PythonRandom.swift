/// Python's `random.Random`, number for number, for scorers whose fallback is a seeded guess.
///
/// The generator is the Mersenne Twister MT19937 (M. Matsumoto, T. Nishimura, ACM TOMACS 8, 1998)
/// with the seeding by array and the rejection that CPython 3 uses. It holds for Python 3.2 and
/// later, where `choice` no longer rests on `random()`.
package struct PythonRandom: Sendable {
    private static let length = 624
    private static let middle = 397

    private var state: [UInt32]
    private var place = Self.length

    /// `random.seed(seed)`; as in Python, the sign of the seed does not matter.
    package init(seed: Int) {
        var key: [UInt32] = []
        var rest = seed.magnitude
        repeat {
            key.append(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
        } while rest > 0
        state = Self.state(key: key)
    }

    private static func state(key: [UInt32]) -> [UInt32] {
        var state = [UInt32](repeating: 19_650_218, count: length)
        for index in 1..<length {
            let last = state[index - 1]
            state[index] = 1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index)
        }
        var index = 1
        func wrap() {
            guard index >= length else { return }
            state[0] = state[length - 1]
            index = 1
        }
        for step in 0..<max(length, key.count) {
            let last = state[index - 1]
            let entry = step % key.count
            state[index] =
                (state[index] ^ ((last ^ (last >> 30)) &* 1_664_525)) &+ key[entry]
                &+ UInt32(entry)
            index += 1
            wrap()
        }
        for _ in 1..<length {
            let last = state[index - 1]
            state[index] =
                (state[index] ^ ((last ^ (last >> 30)) &* 1_566_083_941)) &- UInt32(index)
            index += 1
            wrap()
        }
        state[0] = 0x8000_0000
        return state
    }

    /// The next 32 bits, `random.getrandbits(32)`.
    package mutating func next() -> UInt32 {
        if place == Self.length { refill() }
        var bits = state[place]
        place += 1
        bits ^= bits >> 11
        bits ^= (bits << 7) & 0x9D2C_5680
        bits ^= (bits << 15) & 0xEFC6_0000
        bits ^= bits >> 18
        return bits
    }

    private mutating func refill() {
        for index in 0..<Self.length {
            let next = state[(index + 1) % Self.length]
            let bits = (state[index] & 0x8000_0000) | (next & 0x7FFF_FFFF)
            let twist: UInt32 = next & 1 == 0 ? 0 : 0x9908_B0DF
            state[index] = state[(index + Self.middle) % Self.length] ^ (bits >> 1) ^ twist
        }
        place = 0
    }

    /// `random.random()`: 53 random bits as a fraction from 0 to below 1.
    package mutating func random() -> Double {
        let high = next() >> 5
        let low = next() >> 6
        return (Double(high) * 67_108_864 + Double(low)) * (1 / 9_007_199_254_740_992)
    }

    /// `random.getrandbits(count)` for 1 to 64 bits; the first word drawn is the lowest.
    package mutating func bits(_ count: Int) -> UInt64 {
        if count <= 32 { return UInt64(next() >> UInt32(32 - max(count, 1))) }
        let low = UInt64(next())
        return low | UInt64(next() >> UInt32(64 - min(count, 64))) << 32
    }

    /// A number from 0 to below `bound`, drawn as `random.choice` and `random.randrange` do.
    ///
    /// - Parameter bound: at least 1; less gives 0 and draws nothing.
    package mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        let width = Int.bitWidth - bound.leadingZeroBitCount
        while true {
            let drawn = bits(width)
            if drawn < UInt64(bound) { return Int(drawn) }
        }
    }

    /// `random.choice(elements)`; nil without elements, where Python raises `IndexError`.
    package mutating func choice<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    /// `random.sample(range(population), count)`: distinct numbers in the order they are drawn.
    ///
    /// - Parameter count: at most `population`, where Python raises `ValueError` otherwise.
    package mutating func sample(_ population: Int, _ count: Int) -> [Int] {
        let count = min(max(count, 0), max(population, 0))
        // Python's choice between a pool and a set of what was drawn, by their sizes in memory.
        var limit = 21
        if count > 5 {
            var power = 4
            while power < 3 * count { power *= 4 }
            limit += power
        }
        var result: [Int] = []
        if population <= limit {
            var pool = Array(0..<max(population, 0))
            for taken in 0..<count {
                let index = below(population - taken)
                result.append(pool[index])
                pool[index] = pool[population - taken - 1]
            }
        } else {
            var drawn: Set<Int> = []
            while result.count < count {
                let index = below(population)
                if drawn.insert(index).inserted { result.append(index) }
            }
        }
        return result
    }
}
