internal import CMiphaTorch

extension Functions {
    /// The keys that each token sees, `[rows or 1, 1, tokens, tokens]` bool, made on a device: those up
    /// to itself.
    ///
    /// A token that sees none sees itself, so that rows of padding hold numbers too.
    ///
    /// - Parameters:
    ///   - keys: the keys that may be seen, `[rows, tokens]`, other than 0; `nil`: all.
    ///   - window: a token sees itself and the `window - 1` tokens before it; `nil`: all before it.
    public static func attentionMask(
        keys: Tensor?, tokens: Int, window: Int?, device: Device
    ) throws(TensorError) -> Tensor {
        try produce("attention mask", keys.map { [$0] } ?? []) {
            unsafe mt_attention_mask(
                keys?.handle, Int64(tokens), Int64(window ?? 0), device.cValue, $0)
        }
    }
}
