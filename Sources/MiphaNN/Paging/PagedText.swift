import MiphaTorch

/// One text of a pass by itself: attention of any form, over a copy of its keys.
final class PagedText {
    private let tokens: Range<Int>
    /// Positions before the pass.
    private let past: Int
    /// The extents of all keys, those of the pass included.
    private let extents: [PageExtent]
    private var masks: [Int?: Tensor] = [:]

    /// Number of keys.
    var length: Int { past + tokens.count }
    /// Number of tokens of the pass.
    var tokenCount: Int { tokens.count }

    init(tokens: Range<Int>, past: Int, extents: [PageExtent]) {
        self.tokens = tokens
        self.past = past
        self.extents = extents
    }

    /// Attention of the text's tokens among the queries of a pass, `[tokens, heads, width]`.
    func attend(
        _ queries: Tensor, layer: Int, _ form: AttentionForm, device: Device
    ) throws(TensorError) -> Tensor {
        let (heads, width) = (queries.size(1), queries.size(2))
        let form = form.within(length)
        let stored = try extents.stored(layer)
        let first = firstKey(form)
        let count = length - first
        let q = try queries.narrowed(0, from: tokens.lowerBound, length: tokens.count)
            .reshaped([1, tokens.count, heads, width]).transposed(1, 2)
        let k = try stored.keys.narrowed(2, from: first, length: count)
        let v = try stored.values.narrowed(2, from: first, length: count)
        let mask = try mask(form, device)
        let mixed =
            if form.softcap == nil {
                try Functions.attention(q, k, v, mask: mask, causal: false, scale: form.scale)
            } else {
                try Functions.composedAttention(
                    q, k, v, mask: mask, scale: form.scale, softcap: form.softcap
                ).mixed
            }
        return try mixed.transposed(1, 2).reshaped([tokens.count, heads, width])
    }

    /// The first key that any of the tokens sees.
    private func firstKey(_ form: AttentionForm) -> Int {
        form.window.map { max(0, past - $0 + 1) } ?? 0
    }

    /// `[1, 1, tokens, keys]`, true = attend; `nil`: a single token sees all keys.
    private func mask(
        _ form: AttentionForm, _ device: Device
    ) throws(TensorError) -> Tensor? {
        guard tokens.count > 1 else { return nil }
        if let known = masks[form.window] { return known }
        let keys = firstKey(form)..<past + tokens.count
        let values = tokens.indices.flatMap { token in
            keys.map { form.sees(past + token - tokens.lowerBound, $0) }
        }
        let mask = try Tensor(values, shape: [1, 1, tokens.count, keys.count])
            .uploaded(to: device)
        masks[form.window] = mask
        return mask
    }
}
