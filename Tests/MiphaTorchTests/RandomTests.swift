import MiphaTestSupport
import MiphaTorch
import Testing

/// Random streams.
@Suite struct RandomTests {
    private func draw(_ generator: RandomGenerator, _ count: Int = 9) throws -> [Float] {
        try Tensor.normal([count], generator: generator).values()
    }

    @Test func `a seed determines the stream`() throws {
        let first = try draw(RandomGenerator(seed: 3), 1000)
        #expect(try haveSameBits(first, draw(RandomGenerator(seed: 3), 1000)))
        #expect(try first != draw(RandomGenerator(seed: 4), 1000))
        let mean = first.reduce(0, +) / 1000
        let variance = first.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1000
        #expect(abs(mean) < 0.1)
        #expect(abs(variance - 1) < 0.15)
    }

    @Test func `a restored state continues exactly, from the middle of a pair too`() throws {
        let generator = try RandomGenerator(seed: 8)
        for count in [1, 9, 16, 33] {
            _ = try draw(generator, count)
            let state = try generator.state()
            #expect(state.dtype == .uint8)
            let next = try (draw(generator), draw(generator, 17))
            let other = try RandomGenerator(seed: 99)
            try other.restore(state)
            #expect(try haveSameBits(draw(other), next.0))
            #expect(try haveSameBits(draw(other, 17), next.1))
        }
    }

    @Test func `a state that is none is refused and changes nothing`() throws {
        let generator = try RandomGenerator(seed: 8)
        let state = try generator.state()
        try expectFailure { try generator.restore(Tensor([1, 2, 3] as [UInt8])) }
        try expectFailure { try generator.restore(Tensor([1, 2, 3] as [Float])) }
        #expect(try generator.state().values(as: UInt8.self) == state.values(as: UInt8.self))
    }

    @Test func `dropout zeroes about its share and keeps the mean`() throws {
        let x = try Tensor.full([20_000], 1)
        let values = try Functions.dropout(
            x, probability: 0.25, generator: RandomGenerator(seed: 2)
        ).values(as: Float.self)
        let zeros = values.count { $0 == 0 }
        #expect(abs(zeros - 5000) < 300)
        #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / 0.75) < 1e-6 })
        let same = try Functions.dropout(
            x, probability: 0.25, generator: RandomGenerator(seed: 2)
        ).values(as: Float.self)
        #expect(values == same)
        let generator = try RandomGenerator(seed: 2)
        let before = try generator.state().values(as: UInt8.self)
        let kept = try Functions.dropout(x, probability: 0, generator: generator)
        #expect(try kept.values(as: Float.self) == x.values(as: Float.self))
        #expect(try generator.state().values(as: UInt8.self) == before)
    }

    @Test func `the gradient of dropout is its mask`() throws {
        let x = try Tensor.full([64], 2)
        try x.setRequiresGradient(true)
        let y = try Functions.dropout(x, probability: 0.5, generator: RandomGenerator(seed: 6))
        try y.sum().backward()
        let expected = try y.detached() * 0.5
        try expectClose("gradient", x.gradient(), expected, Tolerance(relative: 0))
    }
}
