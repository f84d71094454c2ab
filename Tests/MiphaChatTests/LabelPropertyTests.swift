import MiphaChat
import MiphaFiles
import Testing

private func check(
    _ tokenizer: some TextTokenizer, _ template: ChatFormat, count: Int, seed: UInt64
) throws {
    var generator = SplitMix64(seed: seed)
    var options = EncodingOptions.training
    options.maximumLength = nil
    let encoder = try ConversationEncoder(
        tokenizer: tokenizer, template: template, options: options)
    for number in 0..<count {
        let rounds = Int.random(in: 1...4, using: &generator)
        var texts = (0..<2 * rounds).map { _ in randomText(&generator) }
        var images: [String] = []
        if Bool.random(using: &generator) {
            images = ["a.png"]
            texts[0] = "<image>\n" + texts[0]
        }
        let sample = talk(texts, images: images)
        let encoded = try encoder.encode(sample)
        let expected = stride(from: 1, to: texts.count, by: 2)
            .map { template.answerPrefix + texts[$0] + template.endOfTurn }.joined()
        let found = supervisedText(encoded, tokenizer)
        try #require(sameBytes(found, expected), "\(number): \(texts)")
        let start = tokenizer.addsBeginningOfText ? 1 : 0
        let chunks = encoded.ids.dropFirst(start)
            .split(separator: ImageMarker.id, omittingEmptySubsequences: false)
            .map { tokenizer.decode(Array($0), skippingSpecialTokens: false) }
        let rendered = try encoder.render(sample).text
        try #require(sameBytes(chunks.joined(separator: ImageMarker.text), rendered))
    }
}

@Suite struct LabelPropertyTests {
    @Test func `supervised text is the answers for random Phi conversations`() throws {
        try check(StubTokenizer.phi, .phi, count: 2500, seed: 1)
    }

    @Test func `supervised text is the answers for random Gemma conversations`() throws {
        try check(StubTokenizer.gemma, .gemma, count: 2500, seed: 2)
    }

    @Test(.enabled(if: PhiTokenizer.folder != nil))
    func `supervised text is the answers with the real Phi tokenizer`() throws {
        try check(try PhiTokenizer.load(), .phi, count: 2500, seed: 3)
    }
}
