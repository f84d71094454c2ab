import MiphaFiles

/// Questions of one's own.
///
/// A JSON array or JSON lines, each line or element either
/// - an item of LLaVA's training format, `{id, image, conversations}`: the question is the first
///   human turn without `<image>`, the answer the turn after it; or
/// - a line of LLaVA's question format with the answer, `{question_id, image, text, answer}` or
///   `answers` with a list.
///
/// `kind` or `category` puts a question into a group with figures of its own; a file
/// `NAME-kinds.json` with `[{id, kind}]` beside `NAME.json` does the same. Images are looked for
/// beside the file and in `images/`. Prompts are asked as they are written: nothing is appended.
/// Questions without ids are numbered from 0 when no question of the file has one.
///
/// A question without an answer in the predictions counts as wrong and is reported as missing;
/// predictions for unknown questions are an error.
package struct Custom: Benchmark {
    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "custom", title: "Custom", split: "own",
        variants: [
            .init("exact", "equal after whitespace at both ends is taken off; case counts"),
            .init("vqa", "VQA accuracy: m4c's normaliser, leave-one-out over ten answers"),
            .init("anls", "normalised Levenshtein similarity, the competition's rule"),
            .init("relaxed", "numbers within 5 %, other texts equal except for case"),
            .init("letter", "the letter of an option"),
        ],
        files: [
            .init(
                Custom.names, content: "questions with answers", origin: "your own"),
            .init(["images/"], content: "images", origin: "your own"),
        ],
        licence: "your own")

    private static let names = [
        "questions.jsonl", "questions.json", "held-out.json", "test.jsonl", "test.json",
        "data.jsonl", "data.json",
    ]

    struct Item: Sendable {
        let id: QuestionID
        let place: String
        let text: String
        let images: [String]
        let answers: [String]
        var groups: [ScoredItem.Group]
        let category: String
    }

    /// The questions as the file has them.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let folder = try files.folder()
        var questions: [Question] = []
        for item in try items(files) {
            var pictures: [PictureSource] = []
            for image in item.images {
                pictures.append(
                    folder.expectedImage(image, in: ["", "images"]))
            }
            questions.append(
                Question(
                    id: item.id, text: item.text, pictures: pictures, category: item.category,
                    expected: item.answers))
        }
        return questions
    }

    /// Scores with the variant's comparison, over everything and by `kind` and `category`.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let metric = CustomMetric(rawValue: variant.name) ?? .exact
        let items = try items(files)
        let answers = try predictions.keyed()
        try Matching.requireKnown(items.map(\.id), answered: answers.keys, benchmark: card.title)
        for item in items {
            var scored = ScoredItem(
                id: item.id, score: 0, status: .missing, prediction: "", expected: item.answers,
                cluster: item.images.joined(separator: " "), groups: item.groups)
            if let answer = answers[item.id] {
                let worth = metric.worth(answer.text, item.answers)
                scored.score = worth.score
                scored.prediction = answer.text
                scored.parsed = worth.parsed
                scored.status = worth.parsed == nil ? .unparsed : .scored
            }
            try recorder.record(scored)
        }
        let name = metric == .anls ? "anls" : "accuracy"
        recorder.addMeans(name, by: ["kind", "category"])
        recorder.noteMissing(recorder.counts[.missing, default: 0])
    }
}
