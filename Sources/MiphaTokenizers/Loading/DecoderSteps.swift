/// What a `decoder` says, in the order in which it is done.
struct DecoderSteps: Sendable {
    /// What a token becomes on its own.
    enum TokenStep: Sendable {
        case replace(String, with: String)
        /// Takes away characters at the ends of a token.
        case strip(Character, start: Int, stop: Int)
    }

    /// How the bytes that tokens `<0x00>` to `<0xFF>` stand for become text.
    enum ByteRuns: Sendable {
        /// Such tokens are text.
        case none
        /// A run that is not UTF-8 becomes U+FFFD, once for each byte (`ByteFallback`).
        case whole
        /// Each byte that breaks UTF-8 becomes U+FFFD (SentencePiece).
        case repaired
    }

    /// Bytes in GPT-2's alphabet (`ByteLevel`); nothing else is done then.
    var isByteLevel = true
    var tokenSteps: [TokenStep] = []
    var byteRuns = ByteRuns.none
    /// Marks become blanks, those of the first token nothing (`Metaspace`), or blanks too.
    var firstMarks: FirstMarks = .none
    /// How many of a character go from the start of the whole text (`Fuse`, then `Strip`).
    var stripped: (character: Character, count: Int)?
    /// What ends a word and becomes a blank, but not at the end (`BPEDecoder`).
    var wordSuffix: String?
    /// What SentencePiece shows for the unknown token.
    var unknownText: String?

    /// What becomes of the marks of blanks.
    enum FirstMarks: Sendable {
        case none
        /// Marks become blanks.
        case kept
        /// The marks of the first token go, the others become blanks.
        case dropped
    }
}
