import MiphaFiles

/// ChartQA: questions about charts, half written by people, half made from summaries.
///
/// Files of vis-nlp/ChartQA: `test_human.json` and `test_augmented.json`, lists of
/// `{imgname, query, label}`, beside `png/`. The authors number nothing; here questions are
/// `human_0`, `human_1`, … and `augmented_0`, … in the order of the files.
///
/// Predictions: LLaVA's answer lines with these ids; or objects with `imgname` and `query` (or
/// `imgname` alone where an image has one question) and an answer; or Qwen-VL's list of
/// `{answer, annotation}` in the order of the files, checked against the labels. A folder may hold
/// one file for each half. A half without any answer is left out with a note; within a half every
/// question needs one.
package struct ChartQA: Benchmark {
    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "chartqa", title: "ChartQA", split: "test",
        variants: [
            .init(
                "pix2struct",
                "google-research/pix2struct: within 5 % of the right answer, nothing is stripped"),
            .init(
                "qwen-vl",
                "QwenLM/Qwen-VL: prediction stripped, and within 5 % of the prediction instead"),
        ],
        files: [
            .init(
                ChartQA.names("human"), content: "questions written by people, with answers",
                origin: "https://github.com/vis-nlp/ChartQA"),
            .init(
                ChartQA.names("augmented"), content: "questions made from summaries",
                origin: "https://github.com/vis-nlp/ChartQA"),
            .init(["png/"], content: "images", origin: "https://github.com/vis-nlp/ChartQA"),
        ],
        licence: "GPL-3.0", columns: [("relaxed_accuracy", "ChartQA")])

    static let parts = ["human", "augmented"]

    private static func names(_ part: String) -> [String] {
        ["", "test/", "ChartQA Dataset/test/", "chartqa/", "chartqa/test/"]
            .map { "\($0)test_\(part).json" }
    }

    /// A question with its answer.
    struct Item: Sendable {
        let id: QuestionID
        let part: String
        let image: String
        let query: String
        let label: String
    }

    /// The questions, those by people first; LLaVA's short-answer prompt.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let folder = try files.folder()
        let folders = [
            "png", "test/png", "ChartQA Dataset/test/png", "chartqa/png", "chartqa/test/png", "",
        ]
        var questions: [Question] = []
        for item in try items(files) {
            questions.append(
                Question(
                    id: item.id, text: item.query + PromptSuffix.short,
                    pictures: [
                        folder.expectedImage(item.image, in: folders)
                    ], category: item.part, expected: [item.label]))
        }
        return questions
    }

    func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        var sources: [(part: String, file: SourceFile)] = []
        for part in Self.parts {
            if files.isFile, !FileSystem.name(of: files.path).contains(part) { continue }
            if let file = try files.optionalFile(Self.names(part)) { sources.append((part, file)) }
        }
        guard !sources.isEmpty else {
            throw EvaluationError(
                .missingFile,
                "\(files.path): ChartQA's questions not found; expected a folder with "
                    + "test_human.json and test_augmented.json, or one of these files")
        }
        var items: [Item] = []
        for (part, file) in sources {
            let what = "ChartQA's list of {imgname, query, label}"
            for (index, placed) in try file.objects(what, Self.questionFields)
                .enumerated()
            {
                items.append(
                    Item(
                        id: QuestionID("\(part)_\(index)"), part: part,
                        image: try placed.string("imgname"),
                        query: try placed.string("query"),
                        label: try placed.string("label")))
            }
        }
        return items
    }

    /// Scores with relaxed accuracy; the headline is the mean over both halves.
    ///
    /// The figures of variant `pix2struct` are percentages, those of `qwen-vl` fractions, as each
    /// script prints them.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let rule = RelaxedAccuracy(rawValue: variant.name) ?? .pix2struct
        let all = try items(files)
        let answers = try ChartQAAnswers(predictions, items: all).answers
        let asked = Self.parts.filter { part in
            all.contains { $0.part == part && answers[$0.id] != nil }
        }
        let items = try Matching.scored(
            all.filter { asked.contains($0.part) }, \.id, answered: answers.keys, predictions,
            benchmark: card.title)
        for item in items {
            let text = answers[item.id] ?? ""
            try recorder.record(
                ScoredItem(
                    id: item.id, score: rule.isCorrect(text, item.label) ? 1 : 0, prediction: text,
                    parsed: rule.reading(text), expected: [item.label], cluster: item.image,
                    groups: [.init("split", item.part)]))
        }
        addFigures(rule, asked, to: &recorder)
    }

    private func addFigures(
        _ rule: RelaxedAccuracy, _ asked: [String], to recorder: inout ScoreRecorder
    ) {
        let name = "relaxed_accuracy"
        let isPercent = rule == .pix2struct
        let unit: Figure.Unit = isPercent ? .percent : .fraction
        let figures = recorder.tallies("split").map { tally in
            Figure(
                name, dimension: "split", part: tally.part,
                value: isPercent
                    ? 100 * tally.total / Double(tally.count) : tally.total / Double(tally.count),
                unit: unit, count: tally.count,
                statistic: tally.statistic(scale: isPercent ? 100 : 1))
        }
        if figures.count == Self.parts.count {
            let sum = figures.reduce(0) { $0 + $1.value }
            recorder.add(
                Figure(
                    name, value: sum / Double(figures.count), unit: unit,
                    count: recorder.overall.count,
                    statistic: .mean(figures.compactMap(\.statistic))))
        } else {
            recorder.note(
                "only the \(asked.joined()) half has answers; there is no mean over both halves")
        }
        for figure in figures { recorder.add(figure) }
    }
}
