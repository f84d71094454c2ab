import MiphaFiles

/// ScienceQA: 4,241 test questions of school science, 2,017 with a picture
/// (Lu et al., NeurIPS 2022).
///
/// Files: the authors' `problems.json` and `pid_splits.json`, pictures `images/test/{id}/image.png`.
/// Predictions: LLaVA's answer lines, where `<image>` in the prompt marks a question with a picture
/// (without prompts the problem tells), or the authors' result file with `results` and `outputs`,
/// whose recorded indices are what the variant `original` counts.
///
/// Damage: a byte order mark is accepted; a missing answer counts as wrong and, as in LLaVA's
/// scorer, as a question without a picture where answers carry prompts; broken JSON, problems that
/// the split names and the file lacks, answers outside the choices, unknown ids and two different
/// answers to a question are errors.
///
/// Reference: haotian-liu/LLaVA `llava/eval/eval_science_qa.py`, `model_vqa_science.py`;
/// lupantech/ScienceQA `models/run_gpt3.py`, `tools/evaluate_acc.py`; lmms-eval
/// `tasks/scienceqa/utils.py`.
public struct ScienceQA: Benchmark {
    /// The seed and the number of drawn examples of the authors' published run, which come before
    /// the first guess.
    static let published = (seed: 3, examples: 2)

    /// Makes the benchmark.
    public init() {}

    /// Name, files and variants.
    public var card: BenchmarkCard {
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
                    ["images/test"], content: "pictures",
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

    /// The test questions with LLaVA's prompt; the written prompt marks those with a picture.
    public func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
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
    public func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let (problems, trainingCount) = try Self.problems(files)
        let answers = try ScienceQAAnswers(predictions, problems)
        var guesser = PythonRandom(seed: Self.published.seed)
        _ = guesser.sample(trainingCount, Self.published.examples)
        let isOriginal = variant.name == "original"
        let image = (total: recorder.makeColumn(), count: recorder.makeColumn())
        var (right, asked, guessed) = (0, 0, 0)
        for problem in problems {
            let answer = answers[problem.id]
            if answer == nil, predictions.isPartial { continue }
            let text = answer?.text ?? ""
            let parsed =
                switch variant.name {
                case "original": LetterAnswer.statement(PythonText.strip(text))
                case "lmms-eval": LetterAnswer.scienceQAHarness(text)
                default: LetterAnswer.scienceQA(text)
                }
            var index = answer == nil ? nil : parsed.index(below: problem.choices.count)
            if isOriginal, let recorded = answer?.index {
                index = recorded
            } else if isOriginal, answer != nil, index == nil {
                index = guesser.below(problem.choices.count)
                guessed += 1
            }
            let isRight = index == problem.answer
            let hasImage =
                variant.name == "llava" && answers.hasPrompts
                ? answer?.marksImage ?? false : problem.image != nil
            let status: ScoredItem.Status =
                answer == nil
                ? .missing : parsed == .several ? .ambiguous : parsed == .none ? .unparsed : .scored
            let cluster = try recorder.record(
                ScoredItem(
                    id: problem.id, score: isRight ? 1 : 0, status: status, prediction: text,
                    parsed: parsed.text, expected: [LetterAnswer.letter(of: problem.answer)],
                    groups: Self.groups(problem)))
            if hasImage {
                asked += 1
                right += isRight ? 1 : 0
                recorder.contribute(isRight ? 1 : 0, to: image.total, cluster: cluster)
                recorder.contribute(1, to: image.count, cluster: cluster)
            }
        }
        let isHarness = variant.name == "lmms-eval"
        let share = asked == 0 ? 0 : Double(right) / Double(asked)
        recorder.add(
            Figure(
                "img_accuracy", value: isHarness ? share : share * 100,
                unit: isHarness ? .fraction : .percent, count: asked,
                statistic: .quotient(
                    .product(.constant(isHarness ? 1 : 100), .column(image.total)),
                    .column(image.count))))
        recorder.addMeans(
            "accuracy", by: ["subject", "context", "grade"],
            unit: isHarness ? .fraction : .percent
        ) { total, count in
            let share = total / Double(max(count, 1))
            return isHarness ? share : share * 100
        }
        if guessed > 0 {
            recorder.note("\(guessed) answers were not understood and guessed with a fixed seed.")
        }
        recorder.noteMissing(problems.count - answers.count)
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
