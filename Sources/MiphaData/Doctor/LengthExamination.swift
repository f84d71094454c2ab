import MiphaChat

/// Whether turns or a whole sample are longer than a limit.
struct LengthExamination: Sendable {
    let turns: [ConversationItem.Turn]
    let images: [String]
    let limit: DataCheckSettings.Limit
    /// Whether only the last answer is learned from.
    var isPair = false

    /// What is too long; nothing for samples that cannot be encoded, whose problem is another.
    func findings() -> [(problem: DataProblem, detail: String)] {
        switch limit {
        case .words(let limit):
            let words = turns.map { WordCount.words(in: $0.text) }
            return judge(words.reduce(0, +), limit) { words[$0] }
        case .tokens(let limit, let encoder):
            guard let sample, let encoded = try? encoder.encode(sample) else { return [] }
            return judge(encoded.ids.count, limit) {
                encoder.tokenizer.encode(turns[$0].text).count
            } + nothingLeft(encoded.labels, limit)
        }
    }

    private func nothingLeft(
        _ labels: [Int], _ limit: Int
    ) -> [(problem: DataProblem, detail: String)] {
        guard let first = isPair ? lastAnswer(labels) : answer(labels[...]), first >= limit else {
            return []
        }
        return [
            (
                .nothingToLearn,
                "\(isPair ? "the" : "the first") answer begins after \(first) tokens, the limit "
                    + "is \(limit)"
            )
        ]
    }

    /// The first label of an answer.
    private func answer(_ labels: ArraySlice<Int>) -> Int? {
        labels.firstIndex { $0 != IgnoredLabel.id }
    }

    /// The first label of the last answer, which is followed by none that is ignored.
    private func lastAnswer(_ labels: [Int]) -> Int? {
        guard let last = labels.last, last != IgnoredLabel.id else { return answer(labels[...]) }
        return (labels.lastIndex(of: IgnoredLabel.id) ?? -1) + 1
    }

    private var sample: ConversationSample? {
        let parts = turns.compactMap { turn in
            turn.role.map { ConversationSample.Turn($0, turn.text) }
        }
        guard parts.count == turns.count else { return nil }
        return ConversationSample(images: images, turns: parts)
    }

    /// A turn is measured only when the sample is too long.
    private func judge(
        _ total: Int, _ most: Int, _ length: (Int) -> Int
    ) -> [(problem: DataProblem, detail: String)] {
        guard total > most else { return [] }
        var findings: [(problem: DataProblem, detail: String)] = []
        if let index = turns.indices.first(where: { length($0) > most }) {
            findings.append(
                (
                    .longTurn,
                    "conversations[\(index)].value: \(length(index)) \(limit.unit), the limit is "
                        + "\(most)"
                ))
        }
        findings.append((.longSample, "\(total) \(limit.unit), the limit is \(most)"))
        return findings
    }
}
