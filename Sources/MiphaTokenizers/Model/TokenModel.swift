/// What turns one word into tokens.
enum TokenModel: Sendable {
    case pairs(BytePairModel)
    case unigram(UnigramModel)

    /// The result is in `scratch`.
    func tokenize(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ scratch: inout TokenScratch) {
        switch self {
        case .pairs(let model): model.merge(bytes, start, end, &scratch)
        case .unigram(let model): model.segment(bytes, start, end, &scratch)
        }
    }
}
