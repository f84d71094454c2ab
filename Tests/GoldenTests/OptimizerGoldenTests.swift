import MiphaTestSupport
import MiphaTorch
import Testing

/// AdamW with 8-bit moments against bitsandbytes on the CPU.
@Suite struct OptimizerGoldenTests {
    private let expected: GoldenFile
    private let found: [String: Tensor]

    init() throws {
        let expected = try GoldenFile("../optimizer/adamw-8bit.safetensors")
        self.expected = expected
        let gradients = try expected.floats("gradients")
        let start = try expected.floats("start")
        let count = start.count
        let blocks = (count + AdamWSlot.momentBlock - 1) / AdamWSlot.momentBlock
        var slot = AdamWSlot(
            parameter: try Tensor(start), gradient: try Tensor(start),
            first: try Tensor.zeros([count], dtype: .uint8),
            second: try Tensor.zeros([count], dtype: .uint8), steps: try Tensor.zeros([]),
            scales: (try Tensor.zeros([blocks]), try Tensor.zeros([blocks])))
        for step in 0..<gradients.count / count {
            slot.gradient = try Tensor(Array(gradients[step * count..<(step + 1) * count]))
            try slot.steps.assign(slot.steps + 1)
            try applyAdamW(
                [slot],
                constants: AdamWConstants(
                    learningRate: 1e-3, beta1: 0.9, beta2: 0.98, epsilon: 1e-7, weightDecay: 0.1))
        }
        let scales = try #require(slot.scales)
        found = [
            "weight": slot.parameter, "first": slot.first, "second": slot.second,
            "first_scales": scales.first, "second_scales": scales.second,
        ]
    }

    private func values(_ name: String) throws -> [Float] {
        try #require(found[name]).values(as: Float.self)
    }

    /// How far apart codes are; those of the first block, whose scale is 0, stand for 0 whatever they
    /// are.
    private func distances(_ name: String, _ kind: String) throws -> [Float] {
        zip(try values(name), try expected.integers("\(kind).\(name)"))
            .dropFirst(AdamWSlot.momentBlock).map { abs($0 - Float($1)) }
    }

    private func largestDistance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test func `five steps equal the algorithm written out`() throws {
        for name in ["first", "second"] {
            let apart = try distances(name, "exact")
            // Codes apart where rounding decides between two that are equally near, now or steps ago.
            #expect(apart.count { $0 != 0 } <= 4, "\(name)")
            #expect(apart.allSatisfy { $0 <= 2 }, "\(name)")
            let scales = zip(
                try values("\(name)_scales"), try expected.floats("exact.\(name)_scales"))
            #expect(scales.allSatisfy { abs($0 - $1) <= 1e-6 * $1 }, "\(name)")
        }
        let weights = (try values("weight"), try expected.floats("exact.weight"))
        let differences = zip(weights.0, weights.1).map { abs($0 - $1) }
        #expect(differences.count { $0 > 1e-6 } <= 4)
    }

    @Test func `five steps are those of bitsandbytes but for its coarser search of codes`() throws {
        for name in ["first", "second"] {
            let apart = try distances(name, "bitsandbytes")
            #expect(apart.count { $0 != 0 } < 4400 / 30, "\(name)")
            #expect(apart.allSatisfy { $0 <= 6 }, "\(name)")
        }
        let (weight, theirs) = (
            try values("weight"), try expected.floats("bitsandbytes.weight")
        )
        // Five steps of 1e-3 each.
        #expect(largestDistance(weight, theirs) < 2e-4)
        #expect(zip(weight, theirs).count { abs($0 - $1) > 1e-6 } < 4400 / 10)
        #expect(largestDistance(weight, try expected.floats("start")) > 3e-3)
    }

    @Test func `a block without gradients has no moments and only decays`() throws {
        let start = try expected.floats("start").prefix(AdamWSlot.momentBlock)
        let decayed = start.map { $0 * Float(0.9995001) }
        #expect(largestDistance(Array(try values("weight").prefix(start.count)), decayed) < 1e-5)
        #expect(try values("first_scales")[0] == 0 && values("second_scales")[0] == 0)
    }
}
