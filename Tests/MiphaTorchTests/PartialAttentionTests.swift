import Foundation
import MiphaTestSupport
import MiphaTorch
import Testing

/// Attention to some of the keys, and the union of two such parts.
@Suite struct PartialAttentionTests {
    private func part(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, causal: Bool = false
    ) throws -> PartialAttention {
        try Functions.attentionPart(q, k, v, mask: mask, causal: causal, scale: 0.6)
    }

    @Test func `mixed values are those of attention, sums those of the scores`() throws {
        let q = try randomTensor([2, 3, 5, 8], seed: 1)
        let k = try randomTensor([2, 3, 7, 8], seed: 2)
        let v = try randomTensor([2, 3, 7, 8], seed: 3)
        let found = try part(q, k, v)
        try expectClose(
            "mixed", found.mixed,
            Functions.attention(q, k, v, mask: nil, causal: false, scale: 0.6))
        let scores: [Float] = try (q.matmul(k.transposed(2, 3)) * 0.6).values()
        let sums = stride(from: 0, to: scores.count, by: 7).map { start in
            Float(log(scores[start..<start + 7].reduce(0.0) { $0 + exp(Double($1)) }))
        }
        try expectClose("sums", found.sums, Tensor(sums, shape: [2, 3, 5]))
    }

    @Test(arguments: [DType.float32, .bfloat16], [1, 18])
    func `two parts joined are the whole`(dtype: DType, queries: Int) throws {
        func random(_ count: Int, _ seed: UInt64) throws -> Tensor {
            // Large scores, so that the parts weigh very differently.
            try (randomTensor([1, 4, count, 16], seed: seed) * 4).to(dtype: dtype)
        }
        let (q, k, v) = (try random(queries, 4), try random(90, 5), try random(90, 6))
        let whole = try Functions.attention(q, k, v, mask: nil, causal: false, scale: 0.6)
        for border in [1, 40, 89] {
            let first = try part(
                q, k.narrowed(2, from: 0, length: border), v.narrowed(2, from: 0, length: border))
            let second = try part(
                q, k.narrowed(2, from: border, length: 90 - border),
                v.narrowed(2, from: border, length: 90 - border))
            for joined in [
                try Functions.attentionJoin(first, second),
                try Functions.attentionJoin(second, first),
            ] {
                #expect(joined.dtype == dtype)
                let found: [Float] = try joined.to(dtype: .float32).values()
                let expected: [Float] = try whole.to(dtype: .float32).values()
                let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 1
                // Values are up to 4, scores up to 100; bfloat16 rounds parts and whole to 8 bits.
                #expect(worst < (dtype == .float32 ? 3e-5 : 0.05), "\(border)")
            }
        }
    }

    @Test func `masked and causal parts see what they may`() throws {
        let q = try randomTensor([2, 2, 4, 8], seed: 7)
        let k = try randomTensor([2, 2, 4, 8], seed: 8)
        let v = try randomTensor([2, 2, 4, 8], seed: 9)
        let triangle = (0..<16).map { $0 % 4 <= $0 / 4 }
        let mask = try Tensor(triangle, shape: [1, 1, 4, 4])
        let (masked, causal) = (try part(q, k, v, mask: mask), try part(q, k, v, causal: true))
        try expectClose("mixed", causal.mixed, masked.mixed)
        try expectClose("sums", causal.sums, masked.sums)
        let lengths = [3, 1]
        let sees = lengths.flatMap { length in (0..<4).map { $0 < length } }
        let ragged = try part(q, k, v, mask: Tensor(sees, shape: [2, 1, 1, 4]))
        for (row, length) in lengths.enumerated() {
            let alone = try part(
                q.narrowed(0, from: row, length: 1),
                k.narrowed(0, from: row, length: 1).narrowed(2, from: 0, length: length),
                v.narrowed(0, from: row, length: 1).narrowed(2, from: 0, length: length))
            try expectClose("mixed", ragged.mixed.narrowed(0, from: row, length: 1), alone.mixed)
            try expectClose("sums", ragged.sums.narrowed(0, from: row, length: 1), alone.sums)
        }
    }

    @Test(arguments: [1, 4], [false, true])
    func `heads of keys serve several heads of queries`(queries: Int, causal: Bool) throws {
        let q = try randomTensor([2, 6, queries, 8], seed: 1)
        let k = try randomTensor([2, 2, 4, 8], seed: 2)
        let v = try randomTensor([2, 2, 4, 8], seed: 3)
        func wide(_ x: Tensor) throws -> Tensor {
            try .concatenating(
                [0, 0, 0, 1, 1, 1].map { try x.narrowed(1, from: $0, length: 1) }, along: 1)
        }
        let mask = try Tensor(
            [true, false, true, true, true, true, true, false], shape: [2, 1, 1, 4])
        for mask in causal ? [nil] : [nil, mask] {
            let found = try part(q, k, v, mask: mask, causal: causal)
            let expected = try part(q, wide(k), wide(v), mask: mask, causal: causal)
            try expectClose("mixed", found.mixed, expected.mixed)
            try expectClose("sums", found.sums, expected.sums)
        }
    }

    @Test func `a part without keys adds nothing`() throws {
        let q = try randomTensor([1, 2, 3, 8], seed: 10)
        let some = try part(q, q, q)
        let none = PartialAttention(
            mixed: try .zeros([1, 2, 3, 8]), sums: try .full([1, 2, 3], -Double.infinity))
        try expectClose("first", Functions.attentionJoin(some, none), some.mixed)
        try expectClose("second", Functions.attentionJoin(none, some), some.mixed)
    }

    @Test func `parts that do not fit are refused`() throws {
        let q = try randomTensor([1, 2, 3, 8], seed: 11)
        let k = try randomTensor([1, 2, 5, 8], seed: 12)
        let mask = try Tensor([true], shape: [1, 1, 1, 1])
        let nothing = try Tensor.zeros([1, 2, 0, 8])
        try expectFailure { _ = try part(q, k, q) }
        try expectFailure { _ = try part(q, randomTensor([1, 2, 5, 6], seed: 1), k) }
        try expectFailure { _ = try part(q, k, k, mask: mask, causal: true) }
        try expectFailure { _ = try part(q, k.to(dtype: .bfloat16), k.to(dtype: .bfloat16)) }
        try expectFailure { _ = try part(q, nothing, nothing) }
        try expectFailure { _ = try part(nothing, k, k) }
        let whole = try part(q, k, k)
        let other = PartialAttention(mixed: k, sums: try .zeros([1, 2, 5]))
        try expectFailure { _ = try Functions.attentionJoin(whole, other) }
        let bent = PartialAttention(mixed: whole.mixed, sums: try .zeros([1, 2, 4]))
        try expectFailure { _ = try Functions.attentionJoin(whole, bent) }
        try expectFailure { _ = try Functions.attentionJoin(bent, bent) }
    }

    @Test func `rows are assigned by their numbers`() throws {
        let target = try Tensor.zeros([4, 2])
        let rows = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        try target.assignRows(rows, at: Tensor([3, 1]))
        #expect(try target.values(as: Float.self) == [0, 0, 3, 4, 0, 0, 1, 2])
        try expectFailure { try target.assignRows(rows, at: Tensor([3, 4])) }
        try expectFailure { try target.assignRows(rows, at: Tensor([3])) }
        try expectFailure { try target.assignRows(rows.to(dtype: .bfloat16), at: Tensor([3, 1])) }
    }
}
