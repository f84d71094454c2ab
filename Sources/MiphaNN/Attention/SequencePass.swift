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
    /// The same on the device of the model, where it was sent there.
    private var keys: Tensor?
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
    /// - Parameters:
    ///   - positions: `[rows or 1, tokens]` int64.
    ///   - keys: `keyMask` as `[rows, tokens]` int64 on that device, where it is there already.
    package init(
        positions: Tensor, keyMask: [[Bool]]?, keys: Tensor? = nil, dropout: RandomGenerator?
    ) {
        self.positions = positions
        self.keyMask = keyMask
        self.keys = keys
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
        let tokens = positions.size(1)
        let mask =
            device.isAccelerator
            ? try Functions.attentionMask(
                keys: sentKeys(), tokens: tokens, window: form.window, device: device)
            : try Self.mask(tokens: tokens, keyMask: keyMask, form).uploaded(to: device)
        masks[form.window] = mask
        return mask
    }

    /// The mask of keys on a device, which makes those of whole attention there: they are `tokens`
    /// times as large.
    private func sentKeys() throws(TensorError) -> Tensor? {
        if let keys { return keys }
        guard let keyMask else { return nil }
        let sent = try Tensor(
            keyMask.flatMap { $0 }, shape: [keyMask.count, positions.size(1)]
        ).uploaded(to: device)
        keys = sent
        return sent
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
