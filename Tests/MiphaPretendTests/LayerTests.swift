import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// The engine's operations on the device against the same on the CPU.
@Suite(.serialized) struct LayerTests {
    private struct Outcome {
        let result: Tensor
        let gradients: [Tensor]
    }

    private static func run(_ layer: PretendLayer, dtype: DType, on device: Device) throws
        -> Outcome
    {
        let leaves = try layer.shapes.enumerated().map { place, shape in
            let leaf = try randomTensor(shape, seed: UInt64(place)).to(dtype: dtype, device: device)
            try leaf.setRequiresGradient(true)
            return leaf
        }
        let result = try layer(leaves, on: device)
        let direction = try randomTensor(result.shape, seed: 9)
            .to(dtype: result.dtype, device: device)
        try result.backward(direction)
        return Outcome(
            result: result,
            gradients: try leaves.map { try #require(try $0.gradient(), "\(layer): no gradient") })
    }

    @Test(arguments: PretendLayer.allCases, [false, true])
    func `an operation and its gradients equal the CPU's`(
        _ layer: PretendLayer, _ isHostile: Bool
    ) throws {
        try PretendDevice.alone {
            let expected = try Self.run(layer, dtype: .float32, on: .cpu)
            let found = try PretendDevice.with(.hostile, isHostile) {
                try Self.run(layer, dtype: .float32, on: pretend)
            }
            for tensor in [found.result] + found.gradients { #expect(tensor.device == pretend) }
            try expectClose(layer.rawValue, found.result, expected.result)
            for (place, (own, other)) in zip(found.gradients, expected.gradients).enumerated() {
                try expectClose("\(layer.rawValue), gradient \(place)", own, other)
            }
        }
    }

    @Test(arguments: [PretendLayer.linear, .rmsNorm, .causalAttention, .embedding])
    func `bfloat16 is as near as its precision`(_ layer: PretendLayer) throws {
        try PretendDevice.alone {
            let expected = try Self.run(layer, dtype: .float32, on: .cpu)
            let found = try Self.run(layer, dtype: .bfloat16, on: pretend)
            #expect(found.result.dtype == .bfloat16)
            let tolerance = Tolerance(relative: 4e-2)
            try expectClose(layer.rawValue, found.result, expected.result, tolerance)
            for (own, other) in zip(found.gradients, expected.gradients) {
                try expectClose(layer.rawValue, own, other, tolerance)
            }
        }
    }

    @Test func `a step of the optimiser has the CPU's bits`() throws {
        func values(on device: Device) throws -> [[Float]] {
            let tensors = try (0..<4).map {
                let tensor = try randomTensor([300], seed: UInt64($0)).to(device: device)
                return $0 < 2 ? tensor : try tensor * 0
            }
            let slot = AdamWSlot(
                parameter: tensors[0], gradient: tensors[1], first: tensors[2], second: tensors[3],
                steps: try Tensor.full([], 1, device: device))
            let constants = AdamWConstants(
                learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0.1)
            try applyAdamW([slot], constants: constants)
            return try tensors.map { try $0.values() }
        }
        try PretendDevice.alone {
            let (expected, found) = (try values(on: .cpu), try values(on: pretend))
            #expect(zip(found, expected).allSatisfy { haveSameBits($0, $1) })
        }
    }

    @Test func `small parameters with masters are stepped together`() throws {
        try PretendDevice.alone {
            let slots = try (0..<14).map { place in
                let parameter = try randomTensor([300], seed: UInt64(place))
                    .to(dtype: .bfloat16, device: pretend)
                var slot = AdamWSlot(
                    parameter: parameter, gradient: try parameter * 0.5,
                    first: try .zeros([300], device: pretend),
                    second: try .zeros([300], device: pretend),
                    steps: try .full([], 1, device: pretend))
                slot.master = try parameter.to(dtype: .float32)
                return slot
            }
            let constants = AdamWConstants(
                learningRate: 0.02, beta1: 0.9, beta2: 0.98, epsilon: 1e-3, weightDecay: 0.1)
            let (_, counts) = try PretendDevice.counting {
                try applyAdamW(slots, constants: constants)
            }
            let steps = counts.operators.filter { $0.key.hasPrefix("aten::_fused_adamw_") }
            #expect(steps.values.reduce(0, +) == 1, "\(steps)")
            #expect(counts.waits == 0 && counts.copiesUp == 0 && counts.copiesDown == 0)
        }
    }
}
