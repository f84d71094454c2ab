import MiphaTestSupport
import MiphaTorch
import Testing

/// Products in bfloat16: by the processor's own arithmetic, or in float32 where it has none
/// (`make test-portable` runs these tests so).
@Suite struct BFloat16ProductTests {
    /// Half a unit in the last of bfloat16's eight bits; sums that nearly cancel keep the error of theirs.
    private static let rounding = Tolerance(relative: 1.01 / 256, absolute: 1e-3)

    private func rounded(_ shape: [Int], seed: UInt64) throws -> Tensor {
        try randomTensor(shape, seed: seed).to(dtype: .bfloat16)
    }

    private func product(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
        let wide = try x.to(dtype: .float64).matmul(
            weight.to(dtype: .float64).transposed(0, 1))
        return try bias.map { try wide + $0.to(dtype: .float64) } ?? wide
    }

    @Test(
        arguments: [1, 2, 3, 4, 5, 8, 9, 40],
        [(1, 1), (7, 3), (16, 64), (33, 130), (160, 257), (2048, 300)])
    func `a product is the exact one, rounded once`(_ rows: Int, _ size: (Int, Int)) throws {
        try expectExact(rows, size)
    }

    @Test func `a product of more rows than one block is exact too`() throws {
        try expectExact(2050, (16, 64))
    }

    /// Compares products with and without bias, of a matrix in either order of its elements.
    private func expectExact(_ rows: Int, _ size: (Int, Int)) throws {
        let (width, outputs) = size
        let x = try rounded([rows, width], seed: 1), bias = try rounded([outputs], seed: 3)
        let weight = try rounded([outputs, width], seed: 2)
        let turned = try rounded([width, outputs], seed: 4).transposed(0, 1)
        for matrix in [weight, turned] {
            for offset in [bias, nil] {
                let found = try Functions.linear(x, weight: matrix, bias: offset)
                #expect(found.dtype == .bfloat16)
                try expectClose(
                    "\(rows) x \(size)", found.to(dtype: .float64), product(x, matrix, offset),
                    Self.rounding)
            }
        }
    }

    @Test func `a row of a batch has the bits of the row alone`() throws {
        let weight = try rounded([96, 80], seed: 2), bias = try rounded([96], seed: 3)
        let all = try rounded([8, 80], seed: 1)
        guard Engine.computesBFloat16InFloat else { return }
        let together = try Functions.linear(all, weight: weight, bias: bias)
        for row in 0..<8 {
            let alone = try Functions.linear(
                all.narrowed(0, from: row, length: 1), weight: weight, bias: bias)
            #expect(try alone.bytes() == together.narrowed(0, from: row, length: 1).bytes())
        }
    }

    @Test(arguments: [3, 40])
    func `gradients are those of the exact product`(_ rows: Int) throws {
        let x = try rounded([rows, 48], seed: 1), weight = try rounded([36, 48], seed: 2)
        let direction = try rounded([rows, 36], seed: 5)
        let leaves = [try x.detached(), try weight.detached()]
        for leaf in leaves { try leaf.setRequiresGradient(true) }
        try (Functions.linear(leaves[0], weight: leaves[1], bias: nil) * direction).sum().backward()
        let wide = try direction.to(dtype: .float64)
        let expected = [
            try wide.matmul(weight.to(dtype: .float64)),
            try wide.transposed(0, 1).matmul(x.to(dtype: .float64)),
        ]
        for (leaf, expected) in zip(leaves, expected) {
            let found = try leaf.gradient()?.to(dtype: .float64)
            try expectClose("gradient", found, expected, Self.rounding)
        }
    }

    @Test(arguments: [false, true])
    func `attention has the gradients of float32`(causal: Bool) throws {
        let operands = try (1...3).map { try rounded([2, 3, 5, 8], seed: $0) }
        let direction = try rounded([2, 3, 5, 8], seed: 4)
        let found = try [DType.bfloat16, .float32].map { dtype in
            let leaves = try operands.map { try $0.to(dtype: dtype).cloned().detached() }
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            let mixed = try Functions.attention(
                leaves[0], leaves[1], leaves[2], mask: nil, causal: causal, scale: 0.5)
            try (mixed * direction.to(dtype: dtype)).sum().backward()
            return try leaves.map { try $0.gradient()?.to(dtype: .float32) }
        }
        for (one, other) in zip(found[0], found[1]) {
            try expectClose("gradient", one, other, Tolerance(relative: 2e-2, absolute: 2e-2))
        }
    }
}
