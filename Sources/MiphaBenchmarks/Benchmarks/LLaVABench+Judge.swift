import MiphaFiles

extension LLaVABench {
    /// What the judge reads about one category.
    private struct Rule {
        let role: String
        let prompt: String
    }

    /// One task for each answer: at temperature 0.2, up to 1,024 tokens, never asked again.
    ///
    /// There is one run, as in the published figures.
    package func judgePlan(
        for predictions: Predictions, files: BenchmarkFiles, runs: Int
    ) throws(EvaluationError) -> JudgePlan {
        guard runs <= 1 else {
            throw EvaluationError(
                .invalidRequest, "LLaVA-Bench is graded once, expected 1 run, found \(runs)")
        }
        let all = try items(files)
        let answers = try predictions.keyed()
        let items = try Matching.scored(
            all, \.id, answered: answers.keys, predictions, benchmark: card.title)
        let references = try references(files, items)
        let contexts = try contexts(files)
        let (rules, notes) = try rules(files)
        let system = try JudgeInstruction.llavaBenchSystem(files)
        var tasks: [JudgeTask] = []
        for item in items {
            guard let context = contexts[ExactString(item.image)] else {
                throw EvaluationError(
                    .mismatch, "\(item.place): image \(item.image) has no line in context.jsonl")
            }
            let category = "llava_bench_\(item.category)"
            guard let rule = rules.map({ $0[ExactString(category)] }) ?? Self.ownRule(item.category)
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(item.place): no instruction for the category \"\(item.category)\"; expected "
                        + "conv, detail, complex, or a key \"\(category)\" in rule.json")
            }
            let text = Self.content(
                rule, context, item.text, references[item.id] ?? "", answers[item.id]?.text ?? "")
            let request = JudgeRequest(
                messages: [
                    .init(role: "system", text: system.text), .init(role: "user", text: text),
                ], temperature: 0.2, maxTokens: 1024)
            tasks.append(
                JudgeTask(
                    id: item.id, run: 0, requests: [request],
                    fields: ["category": .string(category)]))
        }
        return JudgePlan(tasks: tasks, runs: 1, notes: notes + system.notes)
    }

    private static func content(
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

    private func references(
        _ files: BenchmarkFiles, _ items: [Item]
    ) throws(EvaluationError) -> [QuestionID: String] {
        let file = try files.file(
            Self.names("answers_gpt4.jsonl"), what: "LLaVA-Bench file of reference answers")
        let what = "reference answers {question_id, text}"
        var answers: [QuestionID: String] = [:]
        for placed in try file.objects(what, Self.referenceFields) {
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

    private func contexts(_ files: BenchmarkFiles) throws(EvaluationError) -> [ExactString: String]
    {
        let file = try files.file(
            Self.names("context.jsonl"), what: "LLaVA-Bench file of image descriptions")
        var contexts: [ExactString: String] = [:]
        let what = "descriptions {image, caption}"
        for placed in try file.objects(what, Self.contextFields) {
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

    private func rules(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> (rules: [ExactString: Rule]?, notes: [String]) {
        guard let file = try files.optionalFile(Self.ruleNames) else {
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
                try file.check(rule, Self.ruleFields, "\(file.name): key \(member.key)")
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

    /// Two numbers on the first line, with exactly one comma or space between them.
    package func grade(_ reply: String) -> [Double]? {
        let line = PythonText.split(reply, "\n").first ?? ""
        let pieces = PythonText.split(PythonText.replace(line, ",", " "), " ")
        let numbers = pieces.compactMap(PythonText.float)
        return pieces.count == 2 && numbers.count == 2 ? numbers : nil
    }

    /// What counts for a grade: -1 and -1 without one, and where a number is NaN or infinite.
    static func counted(_ grade: [Double]?) -> [Double] {
        guard let grade, grade.allSatisfy(\.isFinite) else { return [-1, -1] }
        return grade
    }

    /// Review lines; a reply without two numbers has -1 and -1, which count.
    package func gradeFile(_ outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission {
        var bytes: [UInt8] = []
        for (index, outcome) in outcomes.enumerated() {
            let grade = Self.counted(outcome.grade)
            let line =
                (["id": .integer(index + 1), "question_id": outcome.task.id.json]
                as JSONObject)
                .merging(outcome.task.fields)
                .merging([
                    "model": .string(outcome.reply.model), "content": .string(outcome.reply.text),
                    "tuple": .array(grade.map { .double($0) }),
                ])
            do {
                bytes += try JSONValue.object(line).bytes(.compact) + [0x0A]
            } catch {
                throw EvaluationError(error)
            }
        }
        return Submission(name: "llava-bench-review.jsonl", bytes: bytes)
    }
}
