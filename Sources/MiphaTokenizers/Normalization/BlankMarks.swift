/// `Metaspace`: blanks become marks, and a mark goes before a text that begins with none.
struct BlankMarks: Sendable, Equatable {
    /// Which texts get a mark in front.
    enum Prefix: String, Sendable, CaseIterable {
        case always, first, never
    }

    var prefix: Prefix

    /// Marks the blanks of a text; `isFirst` says that it begins where the whole text does.
    func apply(to text: inout AlignedText, isFirst: Bool) {
        text.replace([0x20], with: SentencePieceNormalizer.mark)
        guard prefix == .always || prefix == .first && isFirst,
            !text.bytes.starts(with: SentencePieceNormalizer.mark)
        else { return }
        text.prepend(SentencePieceNormalizer.mark)
    }
}
