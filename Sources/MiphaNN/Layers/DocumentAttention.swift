public import MiphaTorch

extension Functions {
    /// Causal attention inside each of several samples that stand in one row.
    ///
    /// Samples do not see each other: each is a call of its own, so that the work grows with the
    /// squares of the samples' lengths and not with that of the row's.
    ///
    /// - Parameters:
    ///   - q: `[rows, heads, tokens, width]`; `k` and `v` alike.
    ///   - documents: the samples of each row; together they cover its tokens in order.
    /// - Returns: `[rows, heads, tokens, width]`.
    public static func attention(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, documents: [[Range<Int>]], scale: Double
    ) throws(TensorError) -> Tensor {
        var rows: [Tensor] = []
        for (row, ranges) in documents.enumerated() {
            var parts: [Tensor] = []
            for range in ranges where !range.isEmpty {
                func part(_ x: Tensor) throws(TensorError) -> Tensor {
                    try x.narrowed(0, from: row, length: 1)
                        .narrowed(2, from: range.lowerBound, length: range.count)
                }
                parts.append(
                    try attention(
                        part(q), part(k), part(v), mask: nil, causal: range.count > 1, scale: scale)
                )
            }
            rows.append(try .concatenating(parts, along: 2))
        }
        return try .concatenating(rows, along: 0)
    }
}
