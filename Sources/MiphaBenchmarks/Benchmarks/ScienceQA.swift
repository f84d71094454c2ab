import MiphaFiles

/// ScienceQA: 4,241 test questions of school science, 2,017 with an image
/// (Lu et al., NeurIPS 2022).
///
/// Files: the authors' `problems.json` and `pid_splits.json`, images `images/test/{id}/image.png`.
/// Predictions: LLaVA's answer lines, where `<image>` in the prompt marks a question with an image
/// (without prompts the problem decides), or the authors' result file with `results` and `outputs`,
/// whose recorded indices are what the variant `original` counts.
///
/// Damage: a byte order mark is accepted; a missing answer counts as wrong and, as in LLaVA's
/// scorer, as a question without an image where answers carry prompts; broken JSON, problems that
/// the split names and the file lacks, answers outside the choices, unknown ids and two different
/// answers to a question are errors.
///
/// Reference: haotian-liu/LLaVA `llava/eval/eval_science_qa.py`, `model_vqa_science.py`;
/// lupantech/ScienceQA `models/run_gpt3.py`, `tools/evaluate_acc.py`; lmms-eval
/// `tasks/scienceqa/utils.py`.
package struct ScienceQA: Benchmark {
    /// The seed and the number of drawn examples of the authors' published run, which come before
    /// the first guess.
    static let published = (seed: 3, examples: 2)

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "scienceqa", title: "ScienceQA", split: "test",
            variants: [
                .init(
                    "llava",
                    "LLaVA: a letter, a letter with \". \", or \"The answer is X.\" once; anything "
                        + "else is wrong"),
                .init(
                    "original",
                    "the authors' run_gpt3.py: \"The answer is X.\" once, anything else is a guess "
                        + "by Python's generator with seed 3 after the draw of two examples"),
                .init(
                    "lmms-eval",
                    "lmms-eval: a letter of either case, or a capital letter with a period"),
            ],
            files: [
                .init(
                    ["problems.json"], content: "questions, choices and answers",
                    origin: "https://github.com/lupantech/ScienceQA (data/scienceqa)"),
                .init(
                    ["pid_splits.json"], content: "ids of the splits",
                    origin: "https://github.com/lupantech/ScienceQA (data/scienceqa)"),
                .init(
                    ["images/test"], content: "images",
                    origin: "tools/download.sh of the same repository"),
            ],
            licence: "CC BY-NC-SA 4.0 (data), MIT (code)", maxTokens: 1024,
            columns: [("img_accuracy", "SQA-I"), ("accuracy", "SQA")])
    }

    struct Problem: Sendable {
        let id: QuestionID
        let question: String
        let choices: [String]
        let answer: Int
        let hint: String
        let image: String?
        let subject: String
        let grade: String
    }

    /// The test questions with LLaVA's prompt; the written prompt marks those with an image.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        try Self.problems(files).problems.map { problem in
            let text = Self.prompt(problem)
            let pictures = problem.image.map { image in
                let name = "\(problem.id)/\(image)"
                return files.picture(name, in: ["images/test", "test", "images"])
                    ?? PictureSource(name: name, place: .file("\(files.path)/images/test/\(name)"))
            }
            return Question(
                id: problem.id, text: text, pictures: pictures.map { [$0] } ?? [],
                category: problem.subject,
                expected: [LetterAnswer.letter(of: problem.answer)],
                writtenPrompt: problem.image == nil ? text : "<image>\n" + text)
        }
    }

    /// The prompt of LLaVA's `llava_test_CQM-A.json` with the letter instruction.
    static func prompt(_ problem: Problem) -> String {
        var text = problem.hint.isEmpty ? "" : "Context: \(problem.hint)\n"
        text += problem.question
        for (index, choice) in problem.choices.enumerated() {
            text += "\n\(LetterAnswer.letter(of: index)). \(choice)"
        }
        return PythonText.strip(PythonText.replace(text, "  ", " ")) + PromptSuffix.letter
    }

    /// Scores answers; figures by the dimensions `subject`, `context` and `grade` of the authors.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let (problems, trainingCount) = try Self.problems(files)
        let answers = try ScienceQAAnswers(predictions, problems)
        var guesser = PythonRandom(seed: Self.published.seed)
        _ = guesser.sample(trainingCount, Self.published.examples)
        let image = (total: recorder.makeColumn(), count: recorder.makeColumn())
        var (right, asked, guessed) = (0, 0, 0)
        for problem in problems {
            let answer = answers[problem.id]
            if answer == nil, predictions.isPartial { continue }
            let parsed = Self.parsed(answer?.text ?? "", variant)
            var index = answer == nil ? nil : parsed.index(below: problem.choices.count)
            if variant.name == "original", let answer {
                if let recorded = answer.index {
                    index = recorded
                } else if index == nil {
                    index = guesser.below(problem.choices.count)
                    guessed += 1
                }
            }
            let item = Self.item(problem, answer, parsed, isRight: index == problem.answer)
            let cluster = try recorder.record(item)
            let hasImage =
                variant.name == "llava" && answers.hasPrompts
                ? answer?.marksImage ?? false : problem.image != nil
            if hasImage {
                asked += 1
                right += item.score == 1 ? 1 : 0
                recorder.contribute(item.score, to: image.total, cluster: cluster)
                recorder.contribute(1, to: image.count, cluster: cluster)
            }
        }
        let scale = variant.name == "lmms-eval" ? 1.0 : 100
        let unit: Figure.Unit = scale == 1 ? .fraction : .percent
        recorder.add(
            Figure(
                "img_accuracy",
                value: asked == 0 ? 0 : Double(right) / Double(asked) * scale, unit: unit,
                count: asked,
                statistic: .quotient(
                    .product(.constant(scale), .column(image.total)), .column(image.count))))
        recorder.addMeans("accuracy", by: ["subject", "context", "grade"], unit: unit) {
            $0 / Double(max($1, 1)) * scale
        }
        if guessed > 0 {
            recorder.note("\(guessed) answers were not understood and guessed with a fixed seed.")
        }
        recorder.noteMissing(problems.count - answers.count)
    }

    /// What a variant's rule makes of an answer.
    private static func parsed(_ text: String, _ variant: BenchmarkCard.Variant) -> LetterAnswer {
        switch variant.name {
        case "original": LetterAnswer.statement(PythonText.strip(text))
        case "lmms-eval": LetterAnswer.scienceQAHarness(text)
        default: LetterAnswer.scienceQA(text)
        }
    }

    private static func item(
        _ problem: Problem, _ answer: ScienceQAAnswers.Answer?, _ parsed: LetterAnswer,
        isRight: Bool
    ) -> ScoredItem {
        let status: ScoredItem.Status =
            switch (answer, parsed) {
            case (nil, _): .missing
            case (_, .several): .ambiguous
            case (_, .none): .unparsed
            default: .scored
            }
        return ScoredItem(
            id: problem.id, score: isRight ? 1 : 0, status: status,
            prediction: answer?.text ?? "", parsed: parsed.text,
            expected: [LetterAnswer.letter(of: problem.answer)], groups: groups(problem))
    }

    /// The parts of the authors' report that a problem belongs to.
    private static func groups(_ problem: Problem) -> [ScoredItem.Group] {
        var groups: [ScoredItem.Group] = []
        let subjects = [
            "natural science": "NAT", "social science": "SOC", "language science": "LAN",
        ]
        if let subject = subjects[problem.subject] { groups.append(.init("subject", subject)) }
        if !problem.hint.isEmpty { groups.append(.init("context", "TXT")) }
        if problem.image != nil { groups.append(.init("context", "IMG")) }
        if problem.hint.isEmpty, problem.image == nil { groups.append(.init("context", "NO")) }
        if problem.grade.hasPrefix("grade"), let grade = Int(problem.grade.dropFirst(5)),
            (1...12).contains(grade)
        {
            groups.append(.init("grade", grade <= 6 ? "G1-6" : "G7-12"))
        }
        return groups
    }
}
