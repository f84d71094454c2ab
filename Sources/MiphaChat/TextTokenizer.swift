public import MiphaTokenizers

/// The part of a tokenizer that conversations need.
///
/// Encoding adds nothing to the text; `addsBeginningOfText` says what a prompt has to start with.
/// Byte ranges of tokens are relative to the UTF-8 of the encoded text.
public protocol TextTokenizer: Sendable {
    /// Token ids of a text; special tokens written in it are recognised.
    func encode(_ text: String) -> [Int]
    /// The same ids as `encode`, each with the bytes of the text that it covers.
    func encodeWithOffsets(_ text: String) -> [Token]
    /// The ids of a text that goes on after another one: no blank is put in front of it.
    func encodeContinuation(_ text: String) -> [Token]
    /// The text of token ids.
    func decode(_ ids: [Int], skippingSpecialTokens: Bool) -> String
    /// The id of an exact token string, nil when the vocabulary lacks it.
    func id(of token: String) -> Int?
    /// Whether an id belongs to a special token (end of text, turn markers).
    func isSpecial(_ id: Int) -> Bool
    /// The id that ends a text.
    var endOfTextID: Int? { get }
    /// The id that begins a text.
    var beginningOfTextID: Int? { get }
    /// The id used to fill rows of a batch.
    var padID: Int? { get }
    /// Whether the model expects `beginningOfTextID` once in front of a prompt.
    var addsBeginningOfText: Bool { get }
}

extension Tokenizer: TextTokenizer {}

extension TextTokenizer {
    /// Tokenizers that put nothing in front of a text need not tell.
    public func encodeContinuation(_ text: String) -> [Token] { encodeWithOffsets(text) }

    /// The beginning-of-text id where the model expects one, else nothing.
    var beginning: [Int] {
        guard addsBeginningOfText, let id = beginningOfTextID else { return [] }
        return [id]
    }
}
