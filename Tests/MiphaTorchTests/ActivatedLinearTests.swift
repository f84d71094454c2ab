import MiphaTestSupport
import MiphaTorch
import Testing

/// The affine map of an activation, which is computed again in the backward pass.
@Suite struct ActivatedLinearTests {
    private func gradients(
        _ operands: [Tensor], learns: [Bool], fused: Bool, _ activation: ActivationFunction
    ) throws -> [Tensor?] {
        let leaves = try operands.map { try $0.detached() }
        for (leaf, flag) in zip(leaves, learns) { try leaf.setRequiresGradient(flag) }
        let bias = leaves.count > 2 ? leaves[2] : nil
        let y =
            try fused
            ? Functions.linear(activated: leaves[0], activation, weight: leaves[1], bias: bias)
            : Functions.linear(
                Functions.activate(leaves[0], activation), weight: leaves[1], bias: bias)
        let direction = try randomTensor(y.shape, seed: 9).to(dtype: y.dtype)
        try (y * direction).sum().backward()
        return try [y.detached()] + leaves.map { try $0.gradient() }
    }

    @Test(
        arguments: [ActivationFunction.geluExact, .geluTanh, .geluQuick, .silu],
        [[true, true, true], [true, false, false], [false, true, false], [false, false, true]])
    func `value and gradients are those of the two operations`(
        _ activation: ActivationFunction, _ learns: [Bool]
    ) throws {
        for (shape, dtype) in [
            ([6, 5], DType.float32), ([2, 3, 5], .float32), ([1, 5], .float32),
            ([6, 5], .float64), ([2, 3, 5], .bfloat16),
        ] {
            let operands = try [
                randomTensor(shape, seed: 1), randomTensor([3, 5], seed: 2),
                randomTensor([3], seed: 3),
            ].map { try $0.to(dtype: dtype) }
            let found = try gradients(operands, learns: learns, fused: true, activation)
            let expected = try gradients(operands, learns: learns, fused: false, activation)
            for (index, (a, b)) in zip(found, expected).enumerated() {
                #expect((a == nil) == (b == nil), "\(index)")
                guard let a, let b else { continue }
                #expect(a.dtype == dtype)
                try expectClose(
                    "\(index)", a, b,
                    dtype == .bfloat16
                        ? Tolerance(relative: 1e-2) : Tolerance.of(.operationGradient))
            }
        }
    }

    @Test func `no bias is needed and shapes must fit`() throws {
        let operands = [try randomTensor([4, 5], seed: 1), try randomTensor([3, 5], seed: 2)]
        let found = try gradients(operands, learns: [true, true], fused: true, .silu)
        let expected = try gradients(operands, learns: [true, true], fused: false, .silu)
        for (a, b) in zip(found, expected) { try expectClose("no bias", a, b) }
        try expectFailure {
            _ = try Functions.linear(
                activated: operands[0], .silu, weight: operands[0].transposed(0, 1), bias: nil)
        }
    }
}
