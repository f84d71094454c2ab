import Foundation
import MiphaTestSupport
import MiphaTorch
import Testing

/// Norms, activations, embedding, convolution and losses against their definitions.
@Suite struct LayerTests {
    @Test func `norms equal their definitions`() throws {
        let x = try randomTensor([3, 7], seed: 1)
        let (weight, bias) = (try randomTensor([7], seed: 2), try randomTensor([7], seed: 3))
        let values = try x.values(as: Float.self).map(Double.init)
        let (scales, shifts) = (
            try weight.values(as: Double.self), try bias.values(as: Double.self)
        )
        var (layer, rms, shifted): ([Float], [Float], [Float]) = ([], [], [])
        for row in 0..<3 {
            let part = values[row * 7..<row * 7 + 7]
            let mean = part.reduce(0, +) / 7
            let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 7
            let square = part.reduce(0) { $0 + $1 * $1 } / 7
            for (i, value) in part.enumerated() {
                layer.append(
                    Float((value - mean) / (variance + 0.01).squareRoot() * scales[i] + shifts[i]))
                rms.append(Float(value / (square + 0.01).squareRoot() * scales[i]))
                shifted.append(Float(value / (square + 0.01).squareRoot() * (1 + scales[i])))
            }
        }
        try expectClose(
            "layer norm", Functions.layerNorm(x, weight: weight, bias: bias, epsilon: 0.01),
            Tensor(layer, shape: [3, 7]))
        try expectClose(
            "rms norm", Functions.rmsNorm(x, weight: weight, epsilon: 0.01),
            Tensor(rms, shape: [3, 7]))
        try expectClose(
            "rms norm that adds one",
            Functions.rmsNorm(x, weight: weight, addsOne: true, epsilon: 0.01),
            Tensor(shifted, shape: [3, 7]))
    }

    @Test func `a norm that adds one has the gradients of the other with one more`() throws {
        let direction = try randomTensor([3, 7], seed: 5)
        var gradients: [[Tensor?]] = []
        for addsOne in [true, false] {
            let (x, weight) = (try randomTensor([3, 7], seed: 1), try randomTensor([7], seed: 2))
            if !addsOne { try weight.accumulate(.full([7], 1)) }
            for leaf in [x, weight] { try leaf.setRequiresGradient(true) }
            let y = try Functions.rmsNorm(x, weight: weight, addsOne: addsOne, epsilon: 0.01)
            try (y * direction).sum().backward()
            gradients.append([try x.gradient(), try weight.gradient()])
        }
        for (name, (found, expected)) in zip(["x", "weight"], zip(gradients[0], gradients[1])) {
            try expectClose(name, found, expected)
        }
    }

    @Test func `a norm that adds one rounds after the product`() throws {
        let x = try randomTensor([64, 8], seed: 3).to(dtype: .bfloat16)
        let weight = try randomTensor([8], seed: 4).to(dtype: .bfloat16)
        let found = try Functions.rmsNorm(x, weight: weight, addsOne: true, epsilon: 1e-6)
        let wide = try Functions.rmsNorm(
            x.to(dtype: .float32), weight: weight.to(dtype: .float32), addsOne: true,
            epsilon: 1e-6)
        #expect(
            try found.values(as: Float.self)
                == wide.to(dtype: .bfloat16).values(as: Float.self))
    }

    @Test func `activations equal their definitions`() throws {
        let inputs = stride(from: -6, through: 6, by: 0.37).map { Float($0) }
        let doubles = inputs.map(Double.init)
        let x = try Tensor(inputs)
        let exact = doubles.map { Float($0 / 2 * (1 + erf($0 / 2.0.squareRoot()))) }
        let tanhForm = doubles.map {
            Float(
                $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))))
        }
        let quick = doubles.map { Float($0 / (1 + exp(-1.702 * $0))) }
        let silu = doubles.map { Float($0 / (1 + exp(-$0))) }
        try expectClose("exact GELU", Functions.activate(x, .geluExact), Tensor(exact))
        try expectClose("tanh GELU", Functions.activate(x, .geluTanh), Tensor(tanhForm))
        try expectClose("quick GELU", Functions.activate(x, .geluQuick), Tensor(quick))
        try expectClose("SiLU", Functions.activate(x, .silu), Tensor(silu))
        #expect(zip(exact, tanhForm).contains { abs($0 - $1) > 1e-4 })
    }

    @Test func `a root-mean-square norm has the gradients of its formula`() throws {
        let direction = try randomTensor([3, 7], seed: 5).to(dtype: .float64)
        func gradients(_ body: (Tensor, Tensor) throws -> Tensor) throws -> [Tensor?] {
            let x = try randomTensor([3, 7], seed: 1).to(dtype: .float64)
            let weight = try randomTensor([7], seed: 2).to(dtype: .float64)
            for leaf in [x, weight] { try leaf.setRequiresGradient(true) }
            let y = try body(x, weight)
            try (y * direction).sum().backward()
            return try [y.detached(), x.gradient(), weight.gradient()]
        }
        let found = try gradients {
            try Functions.rmsNorm($0, weight: $1, epsilon: 0.01)
        }
        let ones = try Tensor.full([7, 7], 1.0 / 7, dtype: .float64)
        let expected = try gradients { x, weight in
            let mean = try (x * x).matmul(ones) + 0.01
            return try weight * x / root(mean)
        }
        for (name, (a, b)) in zip(["value", "x", "weight"], zip(found, expected)) {
            try expectClose(name, a, b, Tolerance(relative: 1e-6))
        }
    }

    /// The square root by Heron's rule, whose steps autograd records.
    private func root(_ x: Tensor) throws -> Tensor {
        var guess = try x + 1.0
        for _ in 0..<40 { guess = try (guess + x / guess) * 0.5 }
        return guess
    }

    @Test func `a root-mean-square norm rounds before it scales`() throws {
        let x = try randomTensor([4, 32], seed: 6).to(dtype: .bfloat16)
        let weight = try randomTensor([32], seed: 7).to(dtype: .bfloat16)
        let found = try Functions.rmsNorm(x, weight: weight, epsilon: 1e-6)
        #expect(found.dtype == .bfloat16)
        let ones = try Tensor.full([32], 1)
        let normal = try Functions.rmsNorm(
            x.to(dtype: .float32), weight: ones, epsilon: 1e-6
        ).to(dtype: .bfloat16)
        #expect(
            try found.values(as: Float.self) == (weight * normal).values(as: Float.self))
    }

    @Test func `a soft cap is a scaled hyperbolic tangent`() throws {
        let inputs = stride(from: -9, through: 9, by: 0.7).map { Float($0) }
        let x = try Tensor(inputs)
        try x.setRequiresGradient(true)
        let capped = try Functions.softcap(x, 2.5)
        let bends = inputs.map { tanh(Double($0) / 2.5) }
        try expectClose("value", capped.detached(), Tensor(bends.map { Float(2.5 * $0) }))
        try capped.sum().backward()
        try expectClose(
            "gradient", x.gradient(), Tensor(bends.map { Float(1 - $0 * $0) }),
            .of(.operationGradient))
        try expectFailure { _ = try Functions.softcap(x, 0) }
    }

    @Test func `an embedding picks rows and sends gradients back to them`() throws {
        let table = try Tensor((0..<8).map(Float.init), shape: [4, 2])
        try table.setRequiresGradient(true)
        let rows = try Functions.embedding(Tensor([3, 0, 3], shape: [3, 1]), weight: table)
        #expect(rows.shape == [3, 1, 2])
        #expect(try rows.values(as: Float.self) == [6, 7, 0, 1, 6, 7])
        try rows.sum().backward()
        #expect(try table.gradient()?.values(as: Float.self) == [1, 1, 0, 0, 0, 0, 2, 2])
    }

    @Test func `a convolution ignores pixels that fill no patch`() throws {
        let pixels = try Tensor((0..<25).map(Float.init), shape: [1, 1, 5, 5])
        let weight = try Tensor([1, 10, 100, 1000] as [Float], shape: [1, 1, 2, 2])
        let found = try Functions.convolution(
            pixels, weight: weight, bias: Tensor([0.5] as [Float]), stride: 2)
        #expect(found.shape == [1, 1, 2, 2])
        // Patches start at 0, 2, 10 and 12: a + 10 (a + 1) + 100 (a + 5) + 1000 (a + 6).
        let expected = [0, 2, 10, 12].map { Float(1111 * $0 + 6510) + 0.5 }
        #expect(try found.values(as: Float.self) == expected)
    }

    @Test func `cross-entropy is summed in float32 and skips ignored targets`() throws {
        let logits = try randomTensor([3, 5], seed: 4)
        let logs = try logits.logSoftmax().values(as: Float.self)
        let sum = -(logs[2] + logs[14])
        let found = try Functions.crossEntropySum(logits, targets: Tensor([2, -100, 4]))
        #expect(abs(try found.item() - Double(sum)) < 1e-5)
        let half = try Functions.crossEntropySum(
            logits.to(dtype: .bfloat16), targets: Tensor([2, -100, 4]))
        #expect(half.dtype == .float32)
        #expect(abs(try half.item() - Double(sum)) < 0.05)
        let probabilities = try logits.softmax().values(as: Float.self)
        #expect(zip(probabilities, logs).allSatisfy { abs(log($0) - $1) < 1e-5 })
    }

    @Test func `the largest values come in descending order with their places`() throws {
        let x = try Tensor([3, 9, -1, 9.5, 0, 2] as [Float], shape: [2, 3])
        let top = try Functions.largest(x, count: 2)
        #expect(try top.values.values(as: Float.self) == [9, 3, 9.5, 2])
        #expect(try top.places.values(as: Int.self) == [1, 0, 0, 2])
        #expect(try x.argmax().values(as: Int.self) == [1, 0])
        #expect(try Tensor([1, 5, 5] as [Float]).argmax().values(as: Int.self) == [1])
        let order = try Tensor([1, 5, 5] as [Float]).argmax(0)
        #expect(order.shape == [])
    }

    @Test func `in-place updates change the tensor itself and are not recorded`() throws {
        let x = try Tensor([1, -4] as [Float])
        try x.setRequiresGradient(true)
        try x.accumulate(Tensor([1, 1] as [Float]), times: 3)
        try x.scale(by: 0.5)
        #expect(try x.values(as: Float.self) == [2, -0.5])
        try x.assign(Tensor([7, 8], shape: [2]).to(dtype: .bfloat16))
        #expect(try x.values(as: Float.self) == [7, 8])
        #expect(try x.absoluteMaximum() == 8)
        #expect(try Tensor.empty([0]).absoluteMaximum() == 0)
        #expect(try Tensor([1, .nan, 3] as [Float]).absoluteMaximum().isNaN)
        #expect(try Tensor.norm(of: [x, Tensor([2, 2, 2] as [Float])]) == 125.0.squareRoot())
        #expect(try Tensor.norm(of: []) == 0)
    }

    @Test func `broadcasting arithmetic and its gradients`() throws {
        let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let b = try Tensor([10, 20] as [Float])
        for leaf in [a, b] { try leaf.setRequiresGradient(true) }
        #expect(try (a + b).values(as: Float.self) == [11, 22, 13, 24])
        #expect(try (a - b).values(as: Float.self) == [-9, -18, -7, -16])
        #expect(try (a / b).values(as: Float.self) == [0.1, 0.1, 0.3, 0.2])
        #expect(try (a + 1.5).values(as: Float.self) == [2.5, 3.5, 4.5, 5.5])
        #expect(try Tensor.concatenating([a, b.reshaped([1, 2])], along: 0).shape == [3, 2])
        try (a * b).sum().backward()
        #expect(try a.gradient()?.values(as: Float.self) == [10, 20, 10, 20])
        #expect(try b.gradient()?.values(as: Float.self) == [4, 6])
        try a.setGradient(nil)
        #expect(try a.gradient() == nil)
    }
}
