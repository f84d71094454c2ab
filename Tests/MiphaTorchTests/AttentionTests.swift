import Foundation
import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import Testing

/// Scaled dot-product attention against its definition.
@Suite struct AttentionTests {
    private struct Operands {
        let q, k, v: Tensor

        init(batch: Int = 2, heads: Int = 3, queries: Int = 5, keys: Int = 5) throws {
            q = try randomTensor([batch, heads, queries, 4], seed: 1)
            k = try randomTensor([batch, heads, keys, 4], seed: 2)
            v = try randomTensor([batch, heads, keys, 4], seed: 3)
        }

        func attend(mask: Tensor? = nil, causal: Bool = false, scale: Double = 0.7) throws -> Tensor
        {
            try Functions.attention(q, k, v, mask: mask, causal: causal, scale: scale)
        }

        /// The definition, with forbidden scores set far down.
        func composed(mask: [Bool], maskShape: [Int], scale: Double = 0.7) throws -> Tensor {
            let penalty = try Tensor(mask.map { $0 ? 0 : Float(-1e9) }, shape: maskShape)
            return try (q.matmul(k.transposed(2, 3)) * scale + penalty).softmax().matmul(v)
        }
    }

    private func triangle(_ count: Int) -> [Bool] {
        (0..<count * count).map { $0 % count <= $0 / count }
    }

    @Test func `attention without a mask sees every key`() throws {
        let operands = try Operands(queries: 2, keys: 7)
        let everything = Array(repeating: true, count: 14)
        try expectClose(
            "attention", operands.attend(),
            operands.composed(mask: everything, maskShape: [1, 1, 2, 7]))
    }

    @Test func `causal attention equals a triangular mask`() throws {
        let operands = try Operands()
        let mask = try Tensor(triangle(5), shape: [1, 1, 5, 5])
        let causal = try operands.attend(causal: true)
        try expectClose("masked", operands.attend(mask: mask), causal)
        try expectClose(
            "definition", causal, operands.composed(mask: triangle(5), maskShape: [1, 1, 5, 5]))
    }

    @Test func `each row of a batch has its own mask`() throws {
        let operands = try Operands()
        var generator = SplitMix64(seed: 4)
        let mask = (0..<50).map { $0 % 5 == $0 / 5 % 5 || Bool.random(using: &generator) }
        try expectClose(
            "attention", operands.attend(mask: Tensor(mask, shape: [2, 1, 5, 5])),
            operands.composed(mask: mask, maskShape: [2, 1, 5, 5]))
    }

    @Test func `a causal query sees keys from the first on when there are more keys`() throws {
        let operands = try Operands(queries: 1, keys: 6)
        let first = (0..<6).map { $0 == 0 }
        try expectClose(
            "attention", operands.attend(causal: true),
            operands.composed(mask: first, maskShape: [1, 1, 1, 6]))
    }

    @Test func `gradients of the causal and the masked form are equal`() throws {
        var gradients: [[Tensor?]] = []
        let direction = try randomTensor([2, 3, 5, 4], seed: 9)
        for causal in [true, false] {
            let operands = try Operands()
            let leaves = [operands.q, operands.k, operands.v]
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            let mask = causal ? nil : try Tensor(triangle(5), shape: [1, 1, 5, 5])
            try (operands.attend(mask: mask, causal: causal) * direction).sum().backward()
            gradients.append(try leaves.map { try $0.gradient() })
        }
        for (found, expected) in zip(gradients[0], gradients[1]) {
            try expectClose("gradient", found, expected, .of(.operationGradient))
        }
    }
}
