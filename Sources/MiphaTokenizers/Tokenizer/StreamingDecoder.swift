/// Turns ids into text one by one, holding back what later ids can still change: bytes that do not
/// yet make a scalar, and runs of byte tokens.
///
/// All returned texts together equal ``Tokenizer/decode(_:skippingSpecialTokens:)`` of all ids.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skippingSpecialTokens: Bool
    private var pending: [UInt8] = []
    private var state = TokenDecoder.State()

    /// Starts a text.
    public init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
    }

    /// Takes the next id and returns the text that no later id can change.
    public mutating func append(_ id: Int) -> String {
        tokenizer.decoder.append(id, skippingSpecialTokens, &state, to: &pending)
        let held = UTF8Text.undecidedSuffix(pending)
        let text = UTF8Text.repaired(Array(pending.dropLast(held)))
        pending.removeFirst(pending.count - held)
        return text
    }

    /// Ends the text and returns what was held back; an unfinished scalar becomes U+FFFD.
    public mutating func finish() -> String {
        defer { pending = [] }
        tokenizer.decoder.finish(&state, to: &pending)
        return UTF8Text.repaired(pending)
    }
}
