import MiphaFiles

/// What LLaVA-Bench's judge is given to read beside an answer: the description of the image, the
/// reference answer, and the instruction of the question's category.
struct LLaVABenchTexts {
    /// What the judge reads about one category.
    private struct Rule {
        let role: String
        let prompt: String
    }

    /// What the judge reads in the system role.
    let system: String
    /// Remarks on the origin of the instructions.
    let notes: [String]

    private let references: [QuestionID: String]
    private let contexts: [ExactString: String]
    private let rules: [ExactString: Rule]?

    /// Reads the texts for the questions that are asked.
    init(_ files: BenchmarkFiles, for items: [LLaVABench.Item]) throws(EvaluationError) {
        references = try Self.readReferences(files, items)
        contexts = try Self.readContexts(files)
        let (rules, notes) = try Self.readRules(files)
        let system = try JudgeInstruction.llavaBenchSystem(files)
        self.rules = rules
        self.system = system.text
        self.notes = notes + system.notes
    }

    /// What the judge reads about the answer to a question.
    func content(
        _ item: LLaVABench.Item, answer: String
    ) throws(EvaluationError) -> String {
        guard let context = contexts[ExactString(item.image)] else {
            throw EvaluationError(
                .mismatch, "\(item.place): image \(item.image) has no line in context.jsonl")
        }
        let category = item.reviewCategory
        guard let rule = rules.map({ $0[ExactString(category)] }) ?? Self.ownRule(item.category)
        else {
            throw EvaluationError(
                .wrongFile,
                "\(item.place): no instruction for the category \"\(item.category)\"; expected "
                    + "conv, detail, complex, or a key \"\(category)\" in rule.json")
        }
        return Self.message(rule, context, item.text, references[item.id] ?? "", answer)
    }

    private static func message(
        _ rule: Rule, _ context: String, _ question: String, _ first: String, _ second: String
    ) -> String {
        let role = rule.role
        return [
            "[Context]\n\(context)", "[Question]\n\(question)",
            "[\(role) 1]\n\(first)", "[End of \(role) 1]",
            "[\(role) 2]\n\(second)", "[End of \(role) 2]",
            "[System]\n\(rule.prompt)", "",
        ].joined(separator: "\n\n")
    }

    private static func readReferences(
        _ files: BenchmarkFiles, _ items: [LLaVABench.Item]
    ) throws(EvaluationError) -> [QuestionID: String] {
        let file = try files.file(
            LLaVABench.names("answers_gpt4.jsonl"), what: "LLaVA-Bench file of reference answers")
        let what = "reference answers {question_id, text}"
        var answers: [QuestionID: String] = [:]
        for placed in try file.objects(what, LLaVABench.referenceFields) {
            guard let id = placed.object["question_id"].flatMap(QuestionID.init) else {
                throw EvaluationError(.wrongFile, "\(placed.place): expected \(what)")
            }
            answers[id] = try placed.string("text")
        }
        let missing = items.map(\.id).filter { answers[$0] == nil }
        guard missing.isEmpty else {
            throw EvaluationError(
                .mismatch,
                "\(file.name): \(missing.count) questions have no reference answer: "
                    + Matching.first(missing))
        }
        return answers
    }

    private static func readContexts(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [ExactString: String] {
        let file = try files.file(
            LLaVABench.names("context.jsonl"), what: "LLaVA-Bench file of image descriptions")
        var contexts: [ExactString: String] = [:]
        let what = "descriptions {image, caption}"
        for placed in try file.objects(what, LLaVABench.contextFields) {
            let image = try placed.string("image")
            if let lines = placed.object["caption"]?.arrayValue {
                contexts[ExactString(image)] = lines.compactMap(\.stringValue).joined(
                    separator: "\n")
            } else {
                contexts[ExactString(image)] = try placed.string("caption")
            }
        }
        return contexts
    }

    private static func readRules(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> (rules: [ExactString: Rule]?, notes: [String]) {
        guard let file = try files.optionalFile(LLaVABench.ruleNames) else {
            return (
                nil,
                [
                    "the judge's instructions are this program's own, not the official text: put "
                        + "LLaVA's rule.json beside questions.jsonl for figures that compare with "
                        + "published ones"
                ]
            )
        }
        let what = "LLaVA's rules {llava_bench_conv: {role, prompt}, …}"
        guard let object = try file.value(what).objectValue else {
            throw EvaluationError(.wrongFile, "\(file.name): expected \(what)")
        }
        var rules: [ExactString: Rule] = [:]
        for member in object.members {
            if let rule = member.value.objectValue {
                try file.check(rule, LLaVABench.ruleFields, "\(file.name): key \(member.key)")
            }
            if let role = member.value["role"]?.stringValue,
                let prompt = member.value["prompt"]?.stringValue
            {
                rules[ExactString(member.key)] = Rule(role: role, prompt: prompt)
            }
        }
        return (rules, ["the judge's instructions are those of \(file.name)"])
    }

    private static func ownRule(_ category: String) -> Rule? {
        let task: String
        switch category {
        case "conv": task = "The question is one of a conversation about a picture."
        case "detail": task = "The question asks for a detailed description of a picture."
        case "complex": task = "The question asks to reason about a picture."
        default: return nil
        }
        return Rule(
            role: "Assistant",
            prompt: """
                \(task) You cannot see the picture; the context above says what is in it. Judge \
                both answers by whether they are right, to the point, helpful and as detailed as \
                the question wants. Give each a score from 1 to 10; more is better. Write nothing \
                but the two scores, that of Assistant 1 first, with one space between them, on the \
                first line. Then explain the scores, without favouring either position.
                """)
    }
}
