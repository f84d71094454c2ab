internal import CMiphaTorch

/// Attention of queries to a part of their keys, with what it takes to add the other keys.
public struct PartialAttention {
    /// The mixed values, `[..., width]`.
    public let mixed: Tensor
    /// Logarithm of the sum of the exponentials of each query's scaled scores, `[...]` float32.
    public let sums: Tensor

    /// Puts a part together; `sums` of minus infinity say that there are no keys.
    public init(mixed: Tensor, sums: Tensor) {
        self.mixed = mixed
        self.sums = sums
    }
}

extension Functions {
    /// Scaled dot-product attention to some of the keys; not recorded by autograd.
    ///
    /// - Parameters:
    ///   - q: `[batch, heads, queries, width]`; `k`, `v`: `[batch, heads, keys, width]`, same dtype,
    ///     perhaps with fewer heads.
    ///   - mask: boolean (true = attend), broadcastable to `[batch, heads, queries, keys]`.
    ///   - causal: query i sees keys 0...i; not together with a mask.
    /// - Returns: `mixed` like `q`, `sums` `[batch, heads, queries]`.
    public static func attentionPart(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool, scale: Double
    ) throws(TensorError) -> PartialAttention {
        var second: mt_tensor?
        let mixed = try produce("attention in parts", [q, k, v]) {
            unsafe mt_attention_part(
                q.handle, k.handle, v.handle, mask?.handle, causal, scale, $0, &second)
        }
        return PartialAttention(
            mixed: mixed, sums: unsafe try adopt(second, "attention in parts"))
    }

    /// Attention by its definition, with capped scores and any mask; recorded by autograd.
    ///
    /// All scores are in memory, in float32 (float64 for float64 operands).
    ///
    /// - Parameters:
    ///   - q: `[batch, heads, queries, width]`; `k`, `v`: `[batch, heads, keys, width]`, perhaps with
    ///     fewer heads.
    ///   - mask: boolean (true = attend), broadcastable to `[batch, heads, queries, keys]`.
    ///   - causal: query i sees keys 0...i, and of those only what a mask allows.
    ///   - softcap: scaled scores become `softcap * tanh(score / softcap)`.
    /// - Returns: `mixed` like `q`, `sums` `[batch, heads, queries]`; for a query without keys 0 and
    ///   minus infinity.
    public static func composedAttention(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, causal: Bool = false, scale: Double,
        softcap: Double?
    ) throws(TensorError) -> PartialAttention {
        var second: mt_tensor?
        let mixed = try produce("composed attention", [q, k, v]) {
            unsafe mt_attention_composed(
                q.handle, k.handle, v.handle, mask?.handle, causal, scale, softcap ?? 0, $0,
                &second)
        }
        return PartialAttention(
            mixed: mixed, sums: unsafe try adopt(second, "composed attention"))
    }

    /// Attention to the keys of both parts: the softmax over all keys, exact but for rounding.
    ///
    /// With `s` the sums, `(e^s1 mixed1 + e^s2 mixed2) / (e^s1 + e^s2)`, computed in float32.
    /// Each query needs a key in one of the parts.
    ///
    /// - Returns: the shape and dtype of the first part's `mixed`.
    public static func attentionJoin(
        _ first: PartialAttention, _ second: PartialAttention
    ) throws(TensorError) -> Tensor {
        try produce("joining attention", [first.mixed, second.mixed]) {
            unsafe mt_attention_join(
                first.mixed.handle, first.sums.handle, second.mixed.handle, second.sums.handle, $0)
        }
    }
}
