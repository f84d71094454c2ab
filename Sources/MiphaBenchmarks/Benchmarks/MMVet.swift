import MiphaFiles

/// MM-Vet: open questions graded by GPT-4, by capability and combination of capabilities.
///
/// Files: `mm-vet.json`, a map from `v1_0`, `v1_1`, … to `{imagename, question, answer,
/// capability}`, beside `images/`; LLaVA's question file `llava-mm-vet.jsonl` is used for asking
/// where it is there, and its number `7` names `v1_7`.
///
/// Predictions to be graded: LLaVA's answer lines or the map from ids to answers. To be scored: the
/// evaluator's grade file, a map from ids to `{model, content, score}` with one score a run.
///
/// Where this differs from `mm-vet_evaluator.py` on purpose: a grade of `nan` is not a grade; the sixth
/// request, whose reply that script never reads, is not made; grades for a part of the questions
/// are an error there and here.
package struct MMVet: JudgedBenchmark {
    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "mmvet", title: "MM-Vet", split: "test",
        variants: [
            .init("official", "mm-vet_evaluator.py: grades of a judge, means of all runs")
        ],
        files: [
            .init(
                MMVet.names, content: "questions, answers and capabilities",
                origin: "https://github.com/yuweihao/MM-Vet/releases (mm-vet.zip)"),
            .init(
                MMVet.questionNames, content: "LLaVA's question file (optional)",
                origin: "https://github.com/haotian-liu/LLaVA (eval.zip)"),
            .init(
                JudgeInstruction.mmvetNames, content: "the judge's instruction (optional)",
                origin: "https://github.com/yuweihao/MM-Vet"),
            .init(
                ["images/"], content: "images",
                origin: "https://github.com/yuweihao/MM-Vet/releases (mm-vet.zip)"),
        ],
        licence: "CC BY-NC 4.0", maxTokens: 1024, folders: ["mm-vet"],
        columns: [("score", "MM-Vet")])

    /// The judge of the published figures.
    package let officialJudge = "gpt-4-0613"

    private static let names = ["mm-vet.json", "mm-vet/mm-vet.json", "mmvet/mm-vet.json"]
    private static let questionNames = [
        "llava-mm-vet.jsonl", "mm-vet/llava-mm-vet.jsonl", "mmvet/llava-mm-vet.jsonl",
    ]
    /// The order of the paper; others follow as they come.
    private static let order = ["rec", "ocr", "know", "gen", "spat", "math"]

    struct Item: Sendable {
        let id: QuestionID
        let image: String
        let question: String
        let answer: String
        let capabilities: [String]
    }

    /// LLaVA's questions, or the authors' where that file is not there; no instruction is appended.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let folder = try files.folder()
        let items = try items(files)
        let byID = Dictionary(items.map { ($0.id, $0) }) { first, _ in first }
        let folders = ["images", "mm-vet/images", "mmvet/images", ""]
        guard !files.isFile, let asked = try files.optionalFile(Self.questionNames) else {
            return try items.map { (item) throws(EvaluationError) in
                Question(
                    id: item.id, text: item.question,
                    pictures: [
                        folder.expectedImage(item.image, in: folders)
                    ], expected: [item.answer])
            }
        }
        var questions: [Question] = []
        let what = "LLaVA's MM-Vet questions {question_id, image, text}"
        for placed in try asked.objects(what, .questionLines) {
            guard let id = placed.object["question_id"].flatMap(QuestionID.init) else {
                throw EvaluationError(.wrongFile, "\(placed.place): expected a question_id")
            }
            let item = byID[Self.canonical(id)]
            guard let item else {
                throw EvaluationError(
                    .mismatch, "\(placed.place): question \(id) is not in mm-vet.json")
            }
            let image = try placed.string("image")
            questions.append(
                Question(
                    id: id, text: try placed.string("text"),
                    pictures: [folder.expectedImage(image, in: folders)],
                    expected: [item.answer]))
        }
        return questions
    }

    /// `7` and `v1_7` are the same question.
    static func canonical(_ id: QuestionID) -> QuestionID {
        let isNumber = !id.text.isEmpty && id.text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? QuestionID("v1_\(id.text)") : id
    }

    func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        let file = try files.file(Self.names, what: "MM-Vet question file")
        let what = "MM-Vet's map {v1_0: {imagename, question, answer, capability}}"
        guard let object = try file.value(what).objectValue, !object.isEmpty else {
            throw EvaluationError(.wrongFile, "\(file.name): expected \(what), found another list")
        }
        var items: [Item] = []
        for member in object.members {
            let place = "\(file.name): key \(member.key)"
            guard let entry = member.value.objectValue else {
                throw EvaluationError(.wrongFile, "\(place): expected \(what)")
            }
            try file.check(entry, Self.questionFields, place)
            let placed = PlacedObject(object: entry, place: place, what: what)
            let capabilities = entry["capability"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard !capabilities.isEmpty else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected a list of names under \"capability\"")
            }
            items.append(
                Item(
                    id: QuestionID(member.key), image: try placed.string("imagename"),
                    question: try placed.string("question"),
                    answer: try placed.string("answer"),
                    capabilities: Self.sorted(capabilities)))
        }
        return items
    }

    /// Each name once, in the paper's order.
    private static func sorted(_ names: [String]) -> [String] {
        var distinct: [String] = []
        for name in names where !distinct.contains(name) { distinct.append(name) }
        return order.filter { distinct.contains($0) }
            + distinct.filter { !order.contains($0) }.sorted()
    }

    /// The file of the online evaluator: a map from `v1_7` to the answer.
    package func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? {
        let answers = try answers(predictions)
        let items = try items(files)
        try Matching.requireAll(items.map(\.id), answered: answers.keys, benchmark: card.title)
        var object = JSONObject()
        for item in items { object[item.id.text] = .string(answers[item.id] ?? "") }
        return try Self.file("mm-vet.json", .object(object))
    }

    static func file(
        _ name: String, _ value: JSONValue
    ) throws(EvaluationError) -> Submission {
        try Submission(
            name: name, json: value, style: JSONStyle(indentation: 2, endsWithNewline: true))
    }

    func answers(
        _ predictions: Predictions
    ) throws(EvaluationError) -> [QuestionID: String] {
        var answers: [QuestionID: String] = [:]
        for (id, record) in try predictions.keyed() {
            let id = Self.canonical(id)
            if let earlier = answers[id], !PythonText.equal(earlier, record.text) {
                throw EvaluationError(
                    .mismatch, "\(record.place): question \(id) has two different answers")
            }
            answers[id] = record.text
        }
        return answers
    }
}
