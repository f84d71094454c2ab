public import MiphaTorch

/// A pass over whole texts, one a row, without keys from before.
public final class SequencePass: AttentionPass {
    /// Position of each token, `[rows or 1, tokens]`.
    public let positions: Tensor
    /// Source of dropout masks.
    public let dropout: RandomGenerator?

    /// That of the longest row.
    public var lengths: [Int] { [positions.size(1)] }

    private let keyMask: [[Bool]]?
    private let device: Device
    private var masks: [Int?: Tensor] = [:]

    /// Describes a pass.
    ///
    /// - Parameters:
    ///   - positions: of each token, one list per row; a single list serves all rows.
    ///   - keyMask: which tokens are real, one list per row; `nil`: all, or those that are not stand
    ///     after all that are.
    ///   - device: that of the model.
    public convenience init(
        positions: [[Int]], keyMask: [[Bool]]? = nil, device: Device,
        dropout: RandomGenerator? = nil
    ) throws(TensorError) {
        self.init(
            positions: try Tensor(
                positions.flatMap { $0 }, shape: [positions.count, positions.first?.count ?? 0]
            ).uploaded(to: device), keyMask: keyMask, dropout: dropout)
    }

    /// Prepares a pass whose positions are on the device of the model already.
    ///
    /// - Parameter positions: `[rows or 1, tokens]` int64.
    package init(positions: Tensor, keyMask: [[Bool]]?, dropout: RandomGenerator?) {
        self.positions = positions
        self.keyMask = keyMask
        self.dropout = dropout
        device = positions.device
    }

    /// Attention of every token to the real ones before it in its row and itself.
    public func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double, window: Int?,
        softcap: Double?
    ) throws(TensorError) -> Tensor {
        let form = AttentionForm(scale: scale, window: window, softcap: softcap)
            .within(k.size(1))
        return try Functions.attention(
            q.transposed(1, 2), k.transposed(1, 2), v.transposed(1, 2), form: form,
            hasKeyMask: keyMask != nil, mask: { () throws(TensorError) in try mask(form) }
        ).transposed(1, 2)
    }

    /// The mask of a form of attention, made once.
    private func mask(_ form: AttentionForm) throws(TensorError) -> Tensor {
        if let known = masks[form.window] { return known }
        let mask = try Self.mask(tokens: positions.size(1), keyMask: keyMask, form).uploaded(
            to: device)
        masks[form.window] = mask
        return mask
    }

    /// `[rows or 1, 1, tokens, tokens]`, true = attend.
    ///
    /// A token that sees no real key sees itself, so that rows of padding hold numbers too.
    static func mask(
        tokens: Int, keyMask: [[Bool]]?, _ form: AttentionForm
    ) throws(TensorError) -> Tensor {
        let rows = keyMask ?? [Array(repeating: true, count: tokens)]
        var values = Array(repeating: false, count: rows.count * tokens * tokens)
        for (row, isReal) in rows.enumerated() {
            for token in 0..<tokens {
                let start = (row * tokens + token) * tokens
                var seesNothing = true
                for key in 0...token where isReal[key] && form.sees(token, key) {
                    values[start + key] = true
                    seesNothing = false
                }
                if seesNothing { values[start + token] = true }
            }
        }
        return try Tensor(values, shape: [rows.count, 1, tokens, tokens])
    }
}
