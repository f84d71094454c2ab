/// The words that are tokens as they are (`ignore_merges`).
struct WholeWords: Sendable {
    let vocabulary: Vocabulary
    /// Tokens are written in GPT-2's byte alphabet.
    let isByteLevel: Bool

    func id(of bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var word = ""
        if isByteLevel {
            for position in start..<end {
                word.unicodeScalars.append(ByteAlphabet.scalars[Int(bytes[position])])
            }
        } else {
            var content: [UInt8] = []
            for position in start..<end { content.append(bytes[position]) }
            word = String(decoding: content, as: UTF8.self)
        }
        return vocabulary.id(of: word)
    }
}
