/// The ways to compare answers to questions of one's own.
package enum CustomMetric: String, Sendable, CaseIterable {
    /// Equal to one of the right answers, code point by code point, after whitespace at both ends is
    /// taken off both; case counts.
    case exact
    /// VQA accuracy after the text normaliser of m4c: leave-one-out over ten answers, plain
    /// equality over fewer than ten.
    case vqa
    /// ``ANLS/official``.
    case anls
    /// ``RelaxedAccuracy/pix2struct`` after whitespace at both ends is taken off.
    case relaxed
    /// The letter of an option.
    case letter

    /// The score of an answer.
    package struct Worth: Sendable, Equatable {
        /// 0 to 1.
        package let score: Double
        /// What the metric saw of the answer; nil when it found nothing to compare.
        package let parsed: String?
    }

    /// Compares an answer with the right ones.
    package func worth(_ prediction: String, _ answers: [String]) -> Worth {
        let text = PythonText.strip(prediction)
        switch self {
        case .exact:
            let isRight = answers.contains { PythonText.equal(PythonText.strip($0), text) }
            return Worth(score: isRight ? 1 : 0, parsed: text)
        case .vqa:
            let normalizer = VQAAnswerNormalizer(.evalAI)
            let given = normalizer(prediction)
            return Worth(
                score: Self.accuracy(of: given, answers.map { normalizer($0) }), parsed: given)
        case .anls:
            return Worth(
                score: ANLS.official.score(prediction, answers), parsed: PythonText.lower(text))
        case .relaxed:
            let rule = RelaxedAccuracy.pix2struct
            let isRight = answers.contains { rule.isCorrect(text, PythonText.strip($0)) }
            return Worth(score: isRight ? 1 : 0, parsed: rule.reading(text))
        case .letter:
            guard let given = Self.letter(of: text) else { return Worth(score: 0, parsed: nil) }
            let isRight = answers.contains { Self.letter(of: PythonText.strip($0)) == given }
            return Worth(score: isRight ? 1 : 0, parsed: given)
        }
    }

    /// `min(1, matches / 3)` over all choices of nine among ten answers, averaged; with fewer or
    /// more than ten answers whether one matches.
    private static func accuracy(of text: String, _ answers: [String]) -> Double {
        let matches = answers.map { PythonText.equal($0, text) }
        let count = matches.count { $0 }
        guard answers.count == 10 else { return count > 0 ? 1 : 0 }
        var total = 0.0
        for isMatch in matches { total += min(1, Double(count - (isMatch ? 1 : 0)) / 3) }
        return total / 10
    }

    /// The letter that a text consists of or begins with: `B`, `b`, `(B)`, `B.`, `B) red`, `B: red`.
    ///
    /// A lower-case letter and a letter before a space count only when nothing follows: "a dog" and
    /// "A dog" name no option.
    package static func letter(of text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        func isLetter(_ place: Int) -> Bool {
            place < scalars.count && ("A"..."Z").contains(scalars[place])
        }
        if scalars.count == 1 {
            let upper = PythonText.upper(text)
            return upper.unicodeScalars.count == 1
                && upper.unicodeScalars.allSatisfy { ("A"..."Z").contains($0) } ? upper : nil
        }
        if scalars.count >= 3, scalars[0] == "(", isLetter(1), scalars[2] == ")" {
            return String(scalars[1])
        }
        if scalars.count >= 2, isLetter(0), [".", ")", ":", ","].contains(scalars[1]) {
            return scalars.count == 2 || PythonText.isSpace(scalars[2]) ? String(scalars[0]) : nil
        }
        return nil
    }
}
