/// A tool's way to score one answer against several human ones.
struct VQARule: Sendable {
    /// How answers are normalised.
    var form: VQAAnswerNormalizer.Form
    /// Whether answers are compared as they are when all human ones are the same.
    var keepsUnanimous = false
    /// Whether human answers are normalised; else they are compared as they are.
    var normalizesHumans = true
    /// How agreement becomes a number.
    var accuracy: VQAAccuracy
    /// Whether what a model said first goes through the EvalAI form, as LLaVA does before an upload.
    var convertsRaw = false

    /// The tool of GT-Vision-Lab/VQA.
    static let vqaEval = VQARule(
        form: .vqaEval, keepsUnanimous: true,
        accuracy: VQAAccuracy(leaveOut: .equalEntries, mean: .sequential), convertsRaw: true)

    /// Both sides in the EvalAI form, each human answer left out once.
    static func evalAI(_ mean: VQAAccuracy.Mean) -> VQARule {
        VQARule(form: .evalAI, accuracy: VQAAccuracy(leaveOut: .entry, mean: mean))
    }
}

/// Scores answers by a rule.
struct VQAScorer {
    private let rule: VQARule
    private var memo: VQAAnswerMemo
    private let convert = VQAAnswerNormalizer(.evalAI)

    init(_ rule: VQARule) {
        self.rule = rule
        memo = VQAAnswerMemo(VQAAnswerNormalizer(rule.form))
    }

    /// The accuracy, 0 to 1, and the answer as it was compared.
    ///
    /// - Parameters:
    ///   - answer: the answer.
    ///   - isRaw: whether it is what a model said.
    ///   - humans: at least one.
    ///   - equals: gives for each human answer the number of those equal to it in all fields.
    mutating func score(
        _ answer: String, isRaw: Bool, humans: [String], equals: ([Bool]) -> [Int]
    ) -> (score: Double, compared: String) {
        memo.trim()
        let given = memo.entry(isRaw && rule.convertsRaw ? convert(answer) : answer)
        var target = given.normalized
        var isMatch = [Bool](repeating: false, count: humans.count)
        if rule.normalizesHumans {
            let entries = humans.map { memo.entry($0) }
            if rule.keepsUnanimous, entries.allSatisfy({ $0.cleaned == entries[0].cleaned }) {
                target = given.cleaned
                for place in entries.indices { isMatch[place] = entries[place].cleaned == target }
            } else {
                for place in entries.indices {
                    isMatch[place] = entries[place].normalized == target
                }
            }
        } else {
            for place in humans.indices { isMatch[place] = memo.number(humans[place]) == target }
        }
        let score = rule.accuracy.score(matches: isMatch, equals: equals(isMatch))
        return (score, memo.text(target))
    }
}
