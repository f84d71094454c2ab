import MiphaTokenizers

extension ConversationEncoder {
    /// Ids and labels of both answers of a sample, each after the same turns.
    ///
    /// Only the tokens of the answer, the space before it and its end of turn are supervised;
    /// earlier answers of the conversation are part of the question.
    ///
    /// - Throws: `ChatError` with code `malformedItem` for a sample without a pair; `turnOrder`,
    ///   `imageMarkers` or `unsuitableTemplate`; `invalidOption` under the reference's label policy,
    ///   which knows no pairs, and when the maximum length leaves nothing of an answer.
    public func encodePair(
        _ sample: ConversationSample
    ) throws(ChatError) -> (chosen: EncodedSample, rejected: EncodedSample) {
        guard let answers = sample.answers else {
            throw ChatError(
                .malformedItem,
                "\(sample.label)expected the keys \"chosen\" and \"rejected\", found neither")
        }
        guard options.labels == .offsets else {
            throw ChatError(
                .invalidOption,
                "pairs of answers: expected labels by offsets, found the reference's")
        }
        try template.checkEnd()
        try sample.checkTurnOrder()
        return (
            try encode(answers.chosen, key: "chosen", of: sample),
            try encode(answers.rejected, key: "rejected", of: sample)
        )
    }

    private func encode(
        _ answer: String, key: String, of sample: ConversationSample
    ) throws(ChatError) -> EncodedSample {
        let holdsMarker = !UTF8Text.occurrences(of: ImageMarker.utf8, in: Array(answer.utf8))
            .isEmpty
        if holdsMarker, options.markers != .literal {
            throw ChatError(
                .imageMarkers,
                "\(sample.label)\(key): <image> in an answer; markers belong into human turns, so "
                    + "take it out of the answer")
        }
        let rendered = try render(
            ConversationSample(
                id: sample.id, images: sample.images,
                turns: sample.turns + [.init(.assistant, answer)]
            ))
        let tokens = try tokens(of: rendered)
        var encoded = EncodedSample(
            ids: tokens.map(\.id),
            labels: labels(of: tokens, supervised: Array(rendered.supervised.suffix(1))))
        encoded.truncate(to: options.maximumLength)
        guard encoded.supervisedCount > 0 else {
            throw ChatError(
                .invalidOption,
                "\(sample.label)\(key): the answer begins after the first \(encoded.ids.count) ids, "
                    + "where the maximum length cuts; raise it or leave the sample out")
        }
        return encoded
    }
}
