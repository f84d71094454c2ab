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

    /// Keys or values of two heads, each repeated for as many query heads.
    private func repeated(_ x: Tensor, _ times: Int) throws -> Tensor {
        try .concatenating(
            (0..<x.size(1)).flatMap { head in
                try (0..<times).map { _ in try x.narrowed(1, from: head, length: 1) }
            }, along: 1)
    }

    @Test(arguments: [1, 2, 3], [false, true])
    func `heads of keys serve as many heads of queries in their order`(
        times: Int, causal: Bool
    ) throws {
        let mask = try Tensor(
            [true, false, true, true, false, true, true, true, false, true],
            shape: [2, 1, 1, 5])
        let direction = try randomTensor([2, 2 * times, 5, 4], seed: 9)
        let square = try Tensor(triangle(5), shape: [1, 1, 5, 5])
        for mask in causal ? [nil] : [nil, mask, square] {
            var results: [[Tensor?]] = []
            for isShared in [true, false] {
                let q = try randomTensor([2, 2 * times, 5, 4], seed: 1)
                let k = try randomTensor([2, 2, 5, 4], seed: 2)
                let v = try randomTensor([2, 2, 5, 4], seed: 3)
                for leaf in [q, k, v] { try leaf.setRequiresGradient(true) }
                let mixed = try Functions.attention(
                    q, isShared ? k : repeated(k, times), isShared ? v : repeated(v, times),
                    mask: mask, causal: causal, scale: 0.7)
                try (mixed * direction).sum().backward()
                results.append(
                    try [mixed.detached(), q.gradient(), k.gradient(), v.gradient()])
            }
            for (name, (found, expected)) in zip(
                ["mixed", "q", "k", "v"], zip(results[0], results[1]))
            {
                try expectClose(name, found, expected, .of(.operationGradient))
            }
        }
        try expectFailure {
            _ = try Functions.attention(
                randomTensor([1, 3, 2, 4], seed: 1), randomTensor([1, 2, 2, 4], seed: 2),
                randomTensor([1, 2, 2, 4], seed: 3), mask: nil, causal: false, scale: 1)
        }
    }

    @Test(arguments: [nil, 0.4])
    func `attention by its definition knows caps, masks and queries without keys`(
        softcap: Double?
    ) throws {
        let operands = try Operands(queries: 2, keys: 7)
        var sees = Array(repeating: true, count: 14)
        for key in [1, 4, 6, 9] { sees[key] = false }
        let (q, k, v) = (operands.q, operands.k, operands.v)
        let found = try Functions.composedAttention(
            q, k, v, mask: Tensor(sees, shape: [1, 1, 2, 7]), scale: 0.7, softcap: softcap)
        var scores = try q.matmul(k.transposed(2, 3)) * 0.7
        if let softcap { scores = try Functions.softcap(scores, softcap) }
        let penalty = try Tensor(sees.map { $0 ? 0 : Float(-1e9) }, shape: [1, 1, 2, 7])
        try expectClose("mixed", found.mixed, (scores + penalty).softmax().matmul(v))
        for leaf in [q, k, v] { try leaf.setRequiresGradient(true) }
        let blind = try Functions.composedAttention(
            q, k, v, mask: Tensor.full([1, 1, 2, 7], 0, dtype: .bool), scale: 0.7,
            softcap: softcap)
        try blind.mixed.sum().backward()
        for leaf in [q, k, v] {
            let gradient = try #require(try leaf.gradient()).values(as: Float.self)
            #expect(gradient.allSatisfy { $0 == 0 })
        }
        #expect(try blind.mixed.values(as: Float.self).allSatisfy { $0 == 0 })
        #expect(try blind.sums.values(as: Float.self).allSatisfy { $0 == -.infinity })
        try expectClose(
            "joined", Functions.attentionJoin(blind, found), found.mixed)
    }
}
