public import MiphaTorch

/// One call of a decoder, as its layers see it: where the tokens stand, and what each of them sees.
///
/// A layer makes queries, keys and values and asks the pass to attend. Whether there is padding,
/// whether several texts share a row, and where earlier keys come from is up to the pass.
public protocol AttentionPass: AnyObject {
    /// Position of each token in its text, `[rows or 1, tokens]` int64 on the device of the model.
    var positions: Tensor { get }
    /// Source of dropout masks; `nil` outside training.
    var dropout: RandomGenerator? { get }
    /// Number of positions of each token's text, what it holds from before included, in the order of
    /// the tokens; a single number serves all.
    var lengths: [Int] { get }

    /// Causal attention of the tokens of this call.
    ///
    /// A pass that keeps keys and values takes them here, so each layer asks once in a pass.
    ///
    /// - Parameters:
    ///   - q: `[rows, tokens, heads, width]`.
    ///   - k: like `q`, perhaps with fewer heads, each for as many query heads in their order.
    ///   - v: like `k`.
    ///   - layer: number of the layer, from 0.
    ///   - scale: factor of the scores.
    ///   - window: a token sees itself and the `window - 1` tokens before it; `nil`: all before it.
    ///   - softcap: scaled scores become `softcap * tanh(score / softcap)`.
    /// - Returns: like `q`.
    func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double, window: Int?,
        softcap: Double?
    ) throws(TensorError) -> Tensor
}

extension AttentionPass {
    /// Attention to everything before, without a cap.
    public func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double
    ) throws(TensorError) -> Tensor {
        try attend(q, k, v, layer: layer, scale: scale, window: nil, softcap: nil)
    }
}

/// The options of a layer's attention scores.
struct AttentionForm {
    let scale: Double
    let window: Int?
    let softcap: Double?

    /// Whether every token sees all before it.
    var seesAll: Bool { window == nil }

    /// The same for texts of at most `count` keys, of which a window as long hides none.
    func within(_ count: Int) -> AttentionForm {
        guard let window, window >= count else { return self }
        return AttentionForm(scale: scale, window: nil, softcap: softcap)
    }

    /// Whether the token of a place sees the key of another, both counted from the first of the
    /// text.
    func sees(_ token: Int, _ key: Int) -> Bool {
        key <= token && window.map { key > token - $0 } ?? true
    }
}

extension Functions {
    /// Attention within texts of one row each, `[rows, heads, tokens, width]`, every token at the
    /// place of its number.
    ///
    /// All scores are in memory only where they are capped.
    ///
    /// - Parameter mask: what `form` and, if it was given, a mask of keys allow, `[rows or 1, 1,
    ///   tokens, tokens]`; asked for where causal attention is not enough.
    static func attention(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, form: AttentionForm, hasKeyMask: Bool = false,
        mask: () throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        let isMasked = hasKeyMask || !form.seesAll
        let mask = isMasked ? try mask() : nil
        let causal = !isMasked && q.size(2) > 1
        guard let softcap = form.softcap else {
            return try attention(q, k, v, mask: mask, causal: causal, scale: form.scale)
        }
        return try composedAttention(
            q, k, v, mask: mask, causal: causal, scale: form.scale, softcap: softcap
        ).mixed
    }
}
