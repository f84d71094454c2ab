import MiphaTokenizers

/// Turns conversations into token ids, and training conversations into labels.
///
/// The text between image markers is tokenised chunk by chunk and joined with `ImageMarker.id`; one
/// beginning-of-text token stands in front where the model expects it (zhuyiche/llava-phi,
/// `mipha/mm_utils.py`, `tokenizer_image_token`).
public struct ConversationEncoder: Sendable {
    /// The tokenizer.
    public let tokenizer: any TextTokenizer
    /// The strings around the turns.
    public let template: ChatFormat
    /// How ids and labels are made.
    public let options: EncodingOptions

    /// Makes an encoder.
    ///
    /// - Throws: `ChatError` with code `unsuitableTemplate` when the template's end of turn is not one
    ///   token, or the reference policy has no rule for the template; `invalidOption` when the
    ///   maximum length is not positive or the tokenizer lacks the tokens around images.
    public init(
        tokenizer: any TextTokenizer, template: ChatFormat, options: EncodingOptions = .training
    ) throws(ChatError) {
        try template.check(tokenizer)
        if let limit = options.maximumLength, limit < 1 {
            throw ChatError(
                .invalidOption, "maximum length: expected at least 1, found \(limit)")
        }
        if options.wrapsImages {
            for text in [ImageMarker.startText, ImageMarker.endText]
            where tokenizer.id(of: text) == nil {
                throw ChatError(
                    .invalidOption,
                    "images between start and end tokens: expected \"\(text)\" in the tokenizer, "
                        + "found no such token")
            }
        }
        if options.labels == .reference, template.style == .turns, template.referenceMask == nil {
            throw ChatError(
                .unsuitableTemplate,
                "template \"\(template.name)\": the reference has no label mask for it; use the "
                    + "offsets policy")
        }
        self.tokenizer = tokenizer
        self.template = template
        self.options = options
    }

    /// Ids and labels of a training conversation.
    ///
    /// Under the offsets policy a token is supervised when its bytes lie in an answer, the space in
    /// front of it and its end of turn; so an answer may hold any text, also `ASSISTANT:` or the end
    /// of turn, which make the reference mask the complete sample. A last human turn without answer
    /// is kept unsupervised.
    ///
    /// - Throws: `ChatError` with code `turnOrder`, `imageMarkers` or `unsuitableTemplate`.
    public func encode(_ sample: ConversationSample) throws(ChatError) -> EncodedSample {
        if options.labels == .reference {
            return try ReferenceEncoder(
                tokenizer: tokenizer, template: template, options: options
            ).encode(sample)
        }
        try template.checkEnd()
        let rendered = try render(sample)
        let tokens = try tokens(of: rendered)
        var encoded = EncodedSample(
            ids: tokens.map(\.id), labels: labels(of: tokens, supervised: rendered.supervised))
        encoded.truncate(to: options.maximumLength)
        return encoded
    }

    /// The text of a training conversation with its supervised bytes.
    ///
    /// - Throws: as `encode(_:)`.
    public func render(_ sample: ConversationSample) throws(ChatError) -> RenderedConversation {
        try checkAlternation(sample)
        let turns = try markedTurns(sample)
        guard template.style == .plain else {
            return try template.render(
                system: nil, turns: turns, awaitingAnswer: false, wrapsImages: options.wrapsImages)
        }
        guard turns.count == 2, !turns[0].text.markers.isEmpty else {
            throw ChatError(
                .unsuitableTemplate,
                "\(sample.label)template \"plain\": expected two turns with <image> in the first, "
                    + "found \(turns.count) turns, \(turns[0].text.markers.count) markers in the "
                    + "first")
        }
        return template.renderPlain(images: turns[0].text.markers.count, caption: turns[1].text)
    }

    private func checkAlternation(_ sample: ConversationSample) throws(ChatError) {
        // One human turn is allowed here: it renders, with nothing supervised.
        if sample.turns.count == 1, sample.turns[0].role == .human { return }
        try sample.checkTurnOrder()
    }

    /// The tokens of a rendered conversation, image markers included, with bytes of its text.
    func tokens(of rendered: RenderedConversation) throws(ChatError) -> [Token] {
        try ConversationTokenizer(
            tokenizer: tokenizer, contentSpecialTokens: options.contentSpecialTokens
        ).tokens(of: rendered)
    }

    /// The ids of the tokens whose bytes lie in a supervised range; the ignored label for others.
    func labels(of tokens: [Token], supervised: [Range<Int>]) -> [Int] {
        var labels = [Int](repeating: IgnoredLabel.id, count: tokens.count)
        var next = 0
        for (index, token) in tokens.enumerated() {
            while next < supervised.count, supervised[next].upperBound <= token.bytes.lowerBound {
                next += 1
            }
            guard next < supervised.count, !token.bytes.isEmpty, token.id != ImageMarker.id,
                token.bytes.lowerBound >= supervised[next].lowerBound,
                token.bytes.upperBound <= supervised[next].upperBound
            else { continue }
            labels[index] = token.id
        }
        return labels
    }
}
