import Foundation
import MiphaTestSupport
import MiphaTorch
import Testing

/// The fused AdamW update against its definition.
@Suite struct OptimizerStepTests {
    @Test(arguments: [0.0, 0.1])
    func `three steps equal the definition`(_ decay: Double) throws {
        let constants = AdamWConstants(
            learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: decay)
        let sizes = [[5], [2, 3], []]
        let parameters = try sizes.enumerated().map { try randomTensor($1, seed: UInt64($0)) }
        let first = try sizes.map { try Tensor.zeros($0) }
        let second = try sizes.map { try Tensor.zeros($0) }
        let steps = try sizes.map { _ in try Tensor.zeros([]) }
        var expected = try parameters.map { try $0.values(as: Double.self) }
        var moments = expected.map { $0.map { _ in (0.0, 0.0) } }
        for step in 1...3 {
            let gradients = try sizes.enumerated().map {
                try randomTensor($1, seed: UInt64(100 * step + $0))
            }
            for count in steps { try count.assign(count + 1) }
            try applyAdamW(
                sizes.indices.map {
                    AdamWSlot(
                        parameter: parameters[$0], gradient: gradients[$0], first: first[$0],
                        second: second[$0], steps: steps[$0])
                }, constants: constants)
            for index in expected.indices {
                let gradient = try gradients[index].values(as: Double.self)
                for i in expected[index].indices {
                    var (m, v) = moments[index][i]
                    m = 0.9 * m + 0.1 * gradient[i]
                    v = 0.98 * v + 0.02 * gradient[i] * gradient[i]
                    moments[index][i] = (m, v)
                    let (mHat, vHat) = (
                        m / (1 - pow(0.9, Double(step))), v / (1 - pow(0.98, Double(step)))
                    )
                    expected[index][i] *= 1 - 0.02 * decay
                    expected[index][i] -= 0.02 * mHat / (vHat.squareRoot() + 1e-3)
                }
            }
        }
        for (parameter, values) in zip(parameters, expected) {
            try expectClose(
                "parameter", parameter, Tensor(values.map(Float.init), shape: parameter.shape),
                Tolerance(relative: 5e-6))
        }
    }

    @Test func `gradients of lower precision are widened and copies take the new values`() throws {
        // More elements than one piece of the conversion holds.
        let count = (1 << 20) + 77
        let start = try randomTensor([count], seed: 1)
        let gradient = try randomTensor([count], seed: 2).to(dtype: .bfloat16)
        let constants = AdamWConstants(
            learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0.1)
        func step(_ gradient: Tensor, copy: Tensor?) throws -> [[Float]] {
            let parameter = try start.cloned()
            let moments = try (0..<2).map { _ in try Tensor.zeros([count]) }
            var slot = AdamWSlot(
                parameter: copy ?? parameter, gradient: gradient, first: moments[0],
                second: moments[1], steps: try Tensor.full([], 1))
            if copy != nil { slot.master = parameter }
            try applyAdamW([slot], constants: constants)
            return try ([parameter] + moments).map { try $0.values() }
        }
        let copy = try Tensor.zeros([count], dtype: .bfloat16)
        let found = try step(gradient, copy: copy)
        let expected = try step(gradient.to(dtype: .float32), copy: nil)
        #expect(zip(found, expected).allSatisfy { haveSameBits($0, $1) })
        let rounded = try Tensor(expected[0]).to(dtype: .bfloat16).values(as: Float.self)
        #expect(haveSameBits(try copy.values(), rounded))
        try expectFailure { _ = try step(gradient, copy: Tensor.zeros([count - 1])) }
    }
}
