public import MiphaTorch

/// A pass over rows of several texts that do not see each other.
///
/// Each text is a call of its own, so that the work grows with the squares of the texts' lengths and not
/// with that of the row's.
public final class PackedPass: AttentionPass {
    /// Position of each token in its text, `[rows, tokens]`.
    public let positions: Tensor
    /// Source of dropout masks.
    public let dropout: RandomGenerator?

    /// Those of the texts that the tokens are of.
    public var lengths: [Int] {
        documents.flatMap { row in row.flatMap { Array(repeating: $0.count, count: $0.count) } }
    }

    private struct MaskKey: Hashable {
        let tokens: Int
        let window: Int?
    }

    private let documents: [[Range<Int>]]
    private let device: Device
    private var masks: [MaskKey: Tensor] = [:]

    /// Describes a pass.
    ///
    /// - Parameters:
    ///   - documents: the texts of each row; together they cover its tokens in order.
    ///   - device: that of the model.
    public convenience init(
        documents: [[Range<Int>]], device: Device, dropout: RandomGenerator? = nil
    ) throws(TensorError) {
        let positions = documents.map { $0.flatMap { Array(0..<$0.count) } }
        self.init(
            documents: documents,
            positions: try Tensor(
                positions.flatMap { $0 }, shape: [positions.count, positions.first?.count ?? 0]
            ).uploaded(to: device), dropout: dropout)
    }

    /// Prepares a pass whose positions are on the device of the model already.
    ///
    /// - Parameter positions: `[rows, tokens]` int64, from 0 in each text.
    package init(documents: [[Range<Int>]], positions: Tensor, dropout: RandomGenerator?) {
        self.documents = documents
        self.positions = positions
        self.dropout = dropout
        device = positions.device
    }

    /// Attention of every token to those before it in its text and itself.
    public func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, layer: Int, scale: Double, window: Int?,
        softcap: Double?
    ) throws(TensorError) -> Tensor {
        let form = AttentionForm(scale: scale, window: window, softcap: softcap)
        let (q, k, v) = (
            try q.transposed(1, 2), try k.transposed(1, 2), try v.transposed(1, 2)
        )
        var rows: [Tensor] = []
        for (row, texts) in documents.enumerated() {
            var parts: [Tensor] = []
            for text in texts where !text.isEmpty {
                func part(_ x: Tensor) throws(TensorError) -> Tensor {
                    try x.narrowed(0, from: row, length: 1)
                        .narrowed(2, from: text.lowerBound, length: text.count)
                }
                parts.append(
                    try Functions.attention(
                        part(q), part(k), part(v), form: form.within(text.count),
                        mask: { () throws(TensorError) in try mask(text.count, form) }))
            }
            rows.append(try .concatenating(parts, along: 2))
        }
        return try Tensor.concatenating(rows, along: 0).transposed(1, 2)
    }

    private func mask(_ tokens: Int, _ form: AttentionForm) throws(TensorError) -> Tensor {
        let key = MaskKey(tokens: tokens, window: form.window)
        if let known = masks[key] { return known }
        let mask =
            device.isAccelerator
            ? try Functions.attentionMask(
                keys: nil, tokens: tokens, window: form.window, device: device)
            : try SequencePass.mask(tokens: tokens, keyMask: nil, form).uploaded(
                to: device)
        masks[key] = mask
        return mask
    }
}
