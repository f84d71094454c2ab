import MiphaFiles

/// DocVQA: questions about scanned pages, scored by average normalised Levenshtein similarity.
///
/// Files of the Robust Reading Competition: `val_v1.0.json` (also the later
/// `val_v1.0_withQT.json`) with `data: [{questionId, question, image, answers, question_types, …}]`
/// beside `documents/`. Predictions: LLaVA's answer lines or the submission list of
/// `{questionId, answer}`; as on the server every question needs an answer and no other is taken.
package struct DocVQA: Benchmark {
    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "docvqa", title: "DocVQA", split: "val",
        variants: [
            .init("official", "the competition's server, also lmms-eval: a fraction"),
            .init(
                "pix2struct",
                "google-research/pix2struct: lower case only, 0.5 is too low: a percentage"),
            .init("stvqa", "MMF's STVQAANLSEvaluator: lower case and stripped: a fraction"),
        ],
        files: [
            .init(
                DocVQA.names, content: "questions and answers",
                origin: "https://rrc.cvc.uab.es/?ch=17 (registration)"),
            .init(
                ["documents/"], content: "images",
                origin: "https://rrc.cvc.uab.es/?ch=17 (registration)"),
        ],
        licence: "terms of the Robust Reading Competition", columns: [("anls", "DocVQA")])

    private static let names = [
        "val_v1.0.json", "val_v1.0_withQT.json", "val/val_v1.0.json", "val/val_v1.0_withQT.json",
        "docvqa/val_v1.0.json", "docvqa/val/val_v1.0.json", "test_v1.0.json", "test/test_v1.0.json",
    ]

    private struct Item: Sendable {
        let id: QuestionID
        let place: String
        let question: String
        let image: String
        let answers: [String]
        let types: [String]
    }

    /// The questions with LLaVA's short-answer prompt, as lmms-eval asks them.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let folder = try files.folder()
        var questions: [Question] = []
        for item in try items(files) {
            // The files say documents/x.png; the archives differ in where that folder is.
            let picture = folder.expectedImage(
                item.image, in: ["", "val", "docvqa", "docvqa/val", "test", "documents"])
            questions.append(
                Question(
                    id: item.id, text: item.question + PromptSuffix.short, pictures: [picture],
                    expected: item.answers))
        }
        return questions
    }

    private func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        let file = try files.file(Self.names, what: "DocVQA question file")
        let what = "DocVQA's {dataset_name, data: [{questionId, question, image, answers}]}"
        let content = try file.value(what)
        guard let data = content["data"]?.arrayValue else {
            throw EvaluationError(
                .wrongFile, "\(file.name): expected \(what), found \(content.found)")
        }
        try file.check(content.objectValue ?? JSONObject(), Self.fileFields, file.name)
        var items: [Item] = []
        for (index, element) in data.enumerated() {
            let place = "\(file.name): data[\(index)]"
            guard let object = element.objectValue,
                let id = object["questionId"].flatMap(QuestionID.init)
            else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected an object with a questionId")
            }
            try file.check(object, Self.questionFields, place)
            let placed = PlacedObject(object: object, place: place, what: what)
            items.append(
                Item(
                    id: id, place: place, question: try placed.string("question"),
                    image: try placed.string("image"),
                    answers: try texts(object["answers"], "answers", place),
                    types: try texts(object["question_types"], "question_types", place)))
        }
        try Matching.requireDistinct(items.map { ($0.id, $0.place) }, benchmark: card.title)
        return items
    }

    private func texts(
        _ value: JSONValue?, _ key: String, _ place: String
    ) throws(EvaluationError) -> [String] {
        guard let value, !value.isNull else { return [] }
        let texts = value.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == value.arrayValue?.count else {
            throw EvaluationError(
                .wrongFile, "\(place): DocVQA: expected a list of strings under \"\(key)\"")
        }
        return texts
    }

    /// Scores with the variant's similarity; also by type of question where the file has types.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let rule = ANLS(rawValue: variant.name) ?? .official
        let answers = try predictions.keyed()
        let items = try Matching.scored(
            try items(files), \.id, answered: answers.keys, predictions, benchmark: card.title)
        for item in items {
            guard !item.answers.isEmpty else {
                throw EvaluationError(
                    .wrongFile,
                    "\(item.place): question \(item.id) has no answers; those of the test split "
                        + "are with the server, expected val_v1.0.json")
            }
            let text = answers[item.id]?.text ?? ""
            try recorder.record(
                ScoredItem(
                    id: item.id, score: rule.score(text, item.answers), prediction: text,
                    parsed: PythonText.lower(text), expected: item.answers, cluster: item.image,
                    groups: item.types.map { .init("question_type", $0) }))
        }
        recorder.addMeans(
            "anls", by: ["question_type"], unit: rule == .pix2struct ? .percent : .fraction
        ) { total, count in
            rule == .pix2struct
                ? 100 * total / Double(max(count, 1)) : total / Double(max(count, 1))
        }
    }

    /// The list of `{questionId, answer}` that the competition's server takes.
    package func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? {
        let items = try items(files)
        let answers = try predictions.keyed()
        try Matching.requireAll(items.map(\.id), answered: answers.keys, benchmark: card.title)
        let list = items.map { item -> JSONValue in
            ["questionId": item.id.json, "answer": .string(answers[item.id]?.text ?? "")]
        }
        return try Submission(name: "docvqa.json", json: .array(list), style: .compact)
    }
}
