import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import Testing

/// Float32 numbers as bfloat16 and a remainder.
@Suite struct SplitFloatsTests {
    private func split(_ values: [Float]) throws -> (rounded: Tensor, remainder: Tensor) {
        let rounded = try Tensor.zeros([values.count], dtype: .bfloat16)
        let remainder = try Tensor.zeros([values.count], dtype: .int16)
        try SplitFloats.split(
            Tensor(values, shape: [values.count]), into: rounded, remainder: remainder)
        return (rounded, remainder)
    }

    @Test func `both halves give the number back, and one is the nearest bfloat16`() throws {
        var random = SplitMix64(seed: 3)
        var values = random.floats(100_003).map { $0 * 1e-3 }
        values += (0..<1000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        }
        values = values.filter { $0.isFinite && $0.bitPattern & 0xFFFF != 0x8000 }
        values += [
            0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ]
        let (rounded, remainder) = try split(values)
        let joined = try SplitFloats.joining(rounded, remainder: remainder)
        #expect(haveSameBits(try joined.values(), values))
        let expected = try Tensor(values, shape: [values.count]).to(dtype: .bfloat16)
        #expect(haveSameBits(try rounded.values(as: Float.self), try expected.values()))
    }

    @Test func `a number between two of bfloat16 moves by one in its last place`() throws {
        let values: [UInt32] = [0x3F80_8000, 0x3F81_8000, 0xBF80_8000]
        let (rounded, remainder) = try split(values.map { Float(bitPattern: $0) })
        let joined = try SplitFloats.joining(rounded, remainder: remainder)
        let bits = try joined.values(as: Float.self).map(\.bitPattern)
        #expect(bits == [0x3F80_7FFF, 0x3F81_8001, 0xBF80_7FFF])
        let nearest = try rounded.values(as: Float.self).map(\.bitPattern)
        #expect(nearest == [0x3F80_0000, 0x3F82_0000, 0xBF80_0000])
    }

    @Test func `what is no number stays none`() throws {
        let (rounded, remainder) = try split([.nan, Float(bitPattern: 0x7FFF_FFFF)])
        let joined = try SplitFloats.joining(rounded, remainder: remainder)
        #expect(try joined.values(as: Float.self).allSatisfy(\.isNaN))
        #expect(try rounded.values(as: Float.self).allSatisfy(\.isNaN))
    }
}
