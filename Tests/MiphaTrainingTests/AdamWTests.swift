import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

@Suite struct AdamWTests {
    private let shape = [7]

    private func parameter(_ dtype: DType, _ value: Double = 1) throws -> Tensor {
        try Tensor.full(shape, value, dtype: dtype)
    }

    private func gradient(_ dtype: DType, _ random: inout SplitMix64) throws -> Tensor {
        try Tensor(random.floats(7), shape: shape).to(dtype: dtype)
    }

    @Test func `bfloat16 learns from updates too small for it`() throws {
        let weight = try parameter(.bfloat16)
        let optimizer = try AdamW(parameters: [("weight", weight)])
        for step in 1...100 {
            try weight.setGradient(parameter(.bfloat16, 0.5))
            try optimizer.step(learningRate: 1e-4)
            // Half of the distance to the number below 1, 1 - 2^-8, takes 20 updates.
            let values = try weight.values(as: Float.self)
            if step == 19 { #expect(values == Array(repeating: 1, count: 7)) }
        }
        let master = try optimizer.weights().first?.tensor
        let values = try #require(try master?.values(as: Float.self))
        #expect(values.allSatisfy { abs($0 - 0.99) < 1e-5 })
        let expected = try #require(try master?.to(dtype: .bfloat16).values(as: Float.self))
        #expect(try weight.values(as: Float.self) == expected)
        #expect(expected[0] < 1)
    }

    @Test func `one step is the formula`() throws {
        let weight = try parameter(.float32, 2)
        let optimizer = try AdamW(
            parameters: [("weight", weight)],
            options: AdamW.Options(beta1: 0.9, beta2: 0.98, epsilon: 1e-7, weightDecay: 0.1))
        try weight.setGradient(parameter(.float32, -0.25))
        try optimizer.step(learningRate: 0.01)
        // Decay by 1 - 0.001, then a whole step against the sign of the gradient.
        let expected = Float(2 * 0.999 + 0.01 * 0.25 / (0.25 + 1e-7))
        #expect(try weight.values(as: Float.self).allSatisfy { abs($0 - expected) < 1e-6 })
        #expect(try weight.gradient() == nil)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `a saved state continues to the bit`(dtype: DType) throws {
        var random = SplitMix64(seed: 4)
        let gradients = try (0..<20).map { _ in try gradient(dtype, &random) }
        func advance(_ optimizer: AdamW, _ weight: Tensor, _ range: Range<Int>) throws {
            for step in range {
                try weight.setGradient(gradients[step].cloned())
                try optimizer.step(learningRate: 1e-3 * Double(1 + step))
            }
        }
        let first = try parameter(dtype)
        let whole = try AdamW(parameters: [("weight", first)])
        try advance(whole, first, 0..<10)
        var saved: [String: Tensor] = [:]
        for (name, tensor) in whole.state { saved[name] = try tensor.cloned() }
        let second = try first.cloned()
        try advance(whole, first, 10..<20)

        let resumed = try AdamW(parameters: [("weight", second)])
        try resumed.restore { name in try #require(saved[name]) }
        try advance(resumed, second, 10..<20)
        let (a, b) = try (first.values(as: Float.self), second.values(as: Float.self))
        #expect(haveSameBits(a, b))
        for ((name, a), (_, b)) in zip(whole.state, resumed.state) {
            let (found, expected) = try (b.values(as: Float.self), a.values(as: Float.self))
            #expect(haveSameBits(found, expected), "\(name)")
        }
        let names = whole.state.map(\.name)
        #expect(names.contains("remainder.weight") == (dtype == .bfloat16))
    }

    @Test func `masters in halves learn what whole ones learn, and continue each other`() throws {
        var random = SplitMix64(seed: 5)
        let gradients = try (0..<20).map { _ in try gradient(.bfloat16, &random) }
        let weights = try (0..<2).map { _ in try parameter(.bfloat16) }
        var optimizers = try weights.enumerated().map { index, weight in
            try AdamW(parameters: [("weight", weight)], wholeMasters: index == 1)
        }
        for (step, gradient) in gradients.enumerated() {
            if step == 10 {  // each goes on from the other's state
                let states = try optimizers.map { optimizer in
                    try optimizer.state.map { ($0.name, try $0.tensor.cloned()) }
                }
                optimizers = try weights.enumerated().map { index, weight in
                    try AdamW(parameters: [("weight", weight)], wholeMasters: index == 1)
                }
                for (index, optimizer) in optimizers.enumerated() {
                    let saved = states[1 - index]
                    try optimizer.restore { name in
                        guard let found = saved.first(where: { $0.0 == name }) else {
                            throw CheckpointError(.missing, name)
                        }
                        return found.1
                    }
                }
            }
            for (weight, optimizer) in zip(weights, optimizers) {
                try weight.setGradient(gradient.cloned())
                try optimizer.step(learningRate: 1e-3)
            }
        }
        let masters = try optimizers.map { try $0.weights()[0].tensor.values(as: Float.self) }
        #expect(haveSameBits(masters[0], masters[1]))
        #expect(Set(masters[0]).count > 1)
        #expect(try weights[0].values(as: Float.self) == weights[1].values(as: Float.self))
    }

    @Test func `parameters without gradient do not move, not even by decay`() throws {
        let (still, moved) = (try parameter(.float32), try parameter(.float32))
        let optimizer = try AdamW(
            parameters: [("still", still), ("moved", moved)],
            options: AdamW.Options(weightDecay: 0.5))
        try moved.setGradient(parameter(.float32, 1))
        try optimizer.step(learningRate: 0.1)
        #expect(try still.values(as: Float.self) == Array(repeating: 1, count: 7))
        #expect(try moved.values(as: Float.self)[0] < 0.9)
    }

    @Test func `decay spares what the rule exempts`() throws {
        let (plain, exempt) = (try parameter(.float32), try parameter(.float32))
        let optimizer = try AdamW(
            parameters: [("plain", plain), ("exempt", exempt)],
            groups: {
                AdamW.Group(learningRate: 1, weightDecay: $0 == "plain" ? 0.5 : 0)
            })
        for tensor in [plain, exempt] { try tensor.setGradient(parameter(.float32, 0)) }
        try optimizer.step(learningRate: 0.1)
        #expect(try exempt.values(as: Float.self) == Array(repeating: 1, count: 7))
        #expect(try plain.values(as: Float.self).allSatisfy { abs($0 - 0.95) < 1e-6 })
    }

    @Test func `every group learns at its own rate`() throws {
        let (slow, fast) = (try parameter(.float32), try parameter(.float32))
        let optimizer = try AdamW(
            parameters: [("slow", slow), ("fast", fast)],
            groups: { AdamW.Group(learningRate: $0 == "slow" ? 0.01 : 0.1, weightDecay: 0) })
        for tensor in [slow, fast] { try tensor.setGradient(parameter(.float32, 1)) }
        try optimizer.step(learningRate: 0.5)
        #expect(try slow.values(as: Float.self).allSatisfy { abs($0 - 0.995) < 1e-6 })
        #expect(try fast.values(as: Float.self).allSatisfy { abs($0 - 0.95) < 1e-6 })
    }

    @Test func `masters that are known better than the parameter are taken`() throws {
        let weight = try parameter(.bfloat16)
        let optimizer = try AdamW(
            parameters: [("weight", weight)],
            masters: { _ in try Tensor.full([7], 1.001, dtype: .float32) })
        let master = try optimizer.weights().first?.tensor
        #expect(try master?.values(as: Float.self).first == 1.001)
    }

    @Test func `gradients of bfloat16 collected in float32 keep what is small`() throws {
        let weight = try parameter(.bfloat16)
        let optimizer = try AdamW(parameters: [("weight", weight)])
        // 256 + 1 is 256 in bfloat16.
        for value in [256.0, 1, 1, 1] {
            try weight.setGradient(parameter(.bfloat16, value))
            try optimizer.collectGradients()
            #expect(try weight.gradient() == nil)
        }
        let gradient = try #require(try optimizer.gradients().first)
        #expect(gradient.dtype == .float32)
        #expect(try gradient.values(as: Float.self) == Array(repeating: 259, count: 7))
        try optimizer.step(learningRate: 0.1)
        #expect(try optimizer.gradients().isEmpty)
        let moment = try #require(optimizer.state.first { $0.name == "exp_avg.weight" }?.tensor)
        #expect(try moment.values(as: Float.self).allSatisfy { abs($0 - 25.9) < 1e-4 })
        try weight.setGradient(parameter(.bfloat16, 1))
        try optimizer.collectGradients()
        try optimizer.dropGradients()
        #expect(try optimizer.gradients().isEmpty)
    }

    @Test func `gradients in float32 stay where they are`() throws {
        let weight = try parameter(.float32)
        let optimizer = try AdamW(parameters: [("weight", weight)])
        try weight.setGradient(parameter(.float32, 3))
        try optimizer.collectGradients()
        #expect(try weight.gradient()?.values(as: Float.self).first == 3)
        #expect(try optimizer.gradients().count == 1)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `an update in parts is the update`(dtype: DType) throws {
        var random = SplitMix64(seed: 9)
        let gradients = try (0..<2).map { _ in try gradient(dtype, &random) }
        var results: [[[Float]]] = []
        for parts in [[nil], [["b"], ["a"]]] as [[Set<String>?]] {
            let weights = try (0..<2).map { _ in try parameter(dtype) }
            let optimizer = try AdamW(parameters: [("a", weights[0]), ("b", weights[1])])
            for (weight, gradient) in zip(weights, gradients) { try weight.setGradient(gradient) }
            for part in parts {
                try optimizer.step(learningRate: 0.1, of: part)
                if part == ["b"] {
                    #expect(try weights[1].gradient() == nil)
                    #expect(try weights[0].gradient() != nil)
                }
            }
            results.append(try optimizer.state.map { try $0.tensor.values() })
        }
        #expect(zip(results[0], results[1]).allSatisfy { haveSameBits($0, $1) })
    }
}
