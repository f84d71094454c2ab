import MiphaTestSupport
import MiphaTorch
import Testing

/// The affine map, whose CPU path has its own kernel and its own gradient.
@Suite struct LinearTests {
    /// Shapes around the number of rows from which the other kernel is used, odd sizes included.
    static let shapes: [(rows: [Int], input: Int, output: Int)] = [
        ([1], 5, 3), ([3], 8, 8), ([4], 8, 8), ([5], 7, 3), ([33], 17, 1), ([6], 1, 9),
        ([2, 3], 5, 4), ([1, 1], 6, 2), ([3, 7], 13, 29), ([2, 1], 31, 5), ([2, 3, 5], 11, 7),
    ]

    /// The output and the gradients of `sum(y * direction)`.
    private struct Outcome {
        let output: Tensor
        let x, weight, bias: Tensor?

        init(
            _ operands: [Tensor], direction: Tensor,
            _ body: ([Tensor]) throws -> Tensor
        ) throws {
            let leaves = try operands.map { try $0.detached() }
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            let result = try body(leaves)
            output = try result.detached()
            try (result * direction).sum().backward()
            (x, weight) = (try leaves[0].gradient(), try leaves[1].gradient())
            bias = leaves.count > 2 ? try leaves[2].gradient() : nil
        }
    }

    private func check(
        _ operands: [Tensor], _ arrange: (Tensor) throws -> Tensor = { $0 }
    ) throws {
        let shape = try arrange(operands[0]).shape.dropLast() + [operands[1].size(0)]
        let direction = try randomTensor(Array(shape), seed: 77)
        let found = try Outcome(operands, direction: direction) { leaves in
            try Functions.linear(
                arrange(leaves[0]), weight: leaves[1], bias: leaves.count > 2 ? leaves[2] : nil)
        }
        let expected = try Outcome(operands, direction: direction) { leaves in
            let product = try arrange(leaves[0]).matmul(leaves[1].transposed(0, 1))
            return leaves.count > 2 ? try product + leaves[2] : product
        }
        try expectClose("output", found.output, expected.output)
        let tolerance = Tolerance.of(.operationGradient)
        try expectClose("gradient of x", found.x, expected.x, tolerance)
        try expectClose("gradient of weight", found.weight, expected.weight, tolerance)
        if operands.count > 2 {
            try expectClose("gradient of bias", found.bias, expected.bias, tolerance)
        }
    }

    @Test(arguments: LinearTests.shapes.indices)
    func `linear equals product and sum, forward and backward`(_ index: Int) throws {
        let shape = Self.shapes[index]
        let x = try randomTensor(shape.rows + [shape.input], seed: 1)
        let weight = try randomTensor([shape.output, shape.input], seed: 2)
        let bias = try randomTensor([shape.output], seed: 3)
        try check([x, weight, bias])
        try check([x, weight])
    }

    @Test func `operands that are not dense give the same`() throws {
        let bias = try randomTensor([4], seed: 3)
        let x = try randomTensor([6, 9], seed: 1)
        let weight = try randomTensor([4, 6], seed: 2)
        try check([x, weight, bias]) { try $0.transposed(0, 1) }
        let wide = try randomTensor([9, 16], seed: 5)
        try check([wide, weight, bias]) { try $0.narrowed(1, from: 3, length: 6) }
        let deep = try randomTensor([3, 6, 5], seed: 6)
        try check([deep, weight, bias]) { try $0.transposed(1, 2) }
        let turned = try randomTensor([6, 4], seed: 2).transposed(0, 1)
        try check([randomTensor([9, 6], seed: 1), turned, bias])
    }

    @Test func `a gradient that is not dense is handled`() throws {
        let (x, weight) = (try randomTensor([8, 5], seed: 1), try randomTensor([6, 5], seed: 2))
        let direction = try randomTensor([6, 8], seed: 3)
        var found: [[Float]] = []
        for isFused in [true, false] {
            let leaf = try weight.cloned()
            try leaf.setRequiresGradient(true)
            let y =
                isFused
                ? try Functions.linear(x, weight: leaf, bias: nil)
                : try x.matmul(leaf.transposed(0, 1))
            try (y.transposed(0, 1) * direction).sum().backward()
            found.append(try #require(try leaf.gradient()).values())
        }
        let comparison = Comparison("gradient", found[0], found[1], .of(.operationGradient))
        #expect(comparison.passes, "\(comparison)")
        let expandedDirection = try x.cloned()
        try expandedDirection.setRequiresGradient(true)
        try Functions.linear(expandedDirection, weight: weight, bias: nil).sum().backward()
        let ones = try Tensor.full([8, 6], 1).matmul(weight)
        try expectClose(
            "gradient of a sum", expandedDirection.gradient(), ones, .of(.operationGradient))
    }

    @Test(arguments: [
        [true, false, false], [false, true, false], [false, false, true], [true, false, true],
    ])
    func `only trainable operands collect gradients`(_ trainable: [Bool]) throws {
        let operands = [
            try randomTensor([6, 5], seed: 1), try randomTensor([3, 5], seed: 2),
            try randomTensor([3], seed: 3),
        ]
        for (tensor, flag) in zip(operands, trainable) { try tensor.setRequiresGradient(flag) }
        let y = try Functions.linear(operands[0], weight: operands[1], bias: operands[2])
        #expect(y.requiresGradient)
        let direction = try randomTensor([6, 3], seed: 4)
        try (y * direction).sum().backward()
        for (tensor, flag) in zip(operands, trainable) {
            #expect(try (tensor.gradient() != nil) == flag)
        }
        if trainable[2] {
            let expected = try Tensor.full([1, 6], 1).matmul(direction).reshaped([3])
            try expectClose(
                "bias", operands[2].gradient(), expected, .of(.operationGradient))
        }
    }

    @Test func `empty batches give empty results`() throws {
        let y = try Functions.linear(
            Tensor.zeros([0, 5]), weight: Tensor.zeros([3, 5]), bias: Tensor.zeros([3]))
        #expect(y.shape == [0, 3])
        let narrow = try Functions.linear(
            Tensor.zeros([7, 5]), weight: Tensor.zeros([0, 5]), bias: nil)
        #expect(narrow.shape == [7, 0])
    }

    @Test(arguments: [DType.bfloat16, .float64])
    func `other dtypes keep their dtype`(_ dtype: DType) throws {
        let (x, weight) = (try randomTensor([6, 5], seed: 1), try randomTensor([3, 5], seed: 2))
        let y = try Functions.linear(
            x.to(dtype: dtype), weight: weight.to(dtype: dtype), bias: nil)
        #expect(y.dtype == dtype)
        try expectClose(
            "output", y, Functions.linear(x, weight: weight, bias: nil),
            .of(.operation, dtype == .bfloat16 ? .bfloat16 : .float32))
    }
}
