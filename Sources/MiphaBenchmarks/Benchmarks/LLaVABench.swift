import MiphaFiles

/// LLaVA-Bench (in the wild): answers graded by GPT-4 beside its own, as a ratio.
///
/// Files of liuhaotian/llava-bench-in-the-wild: `questions.jsonl`, `context.jsonl`,
/// `answers_gpt4.jsonl`, `images/`; and LLaVA's `llava/eval/table/rule.json`.
///
/// Predictions to be graded: LLaVA's answer lines. To be scored: review lines
/// `{question_id, category, content, tuple}` as `eval_gpt_review_bench.py` writes them.
///
/// Where this differs from that script on purpose: reference answers are joined by id instead of
/// position; a question with two reviews, or without one, is an error instead of counting twice or
/// not at all.
package struct LLaVABench: JudgedBenchmark {
    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "llavabench", title: "LLaVA-Bench (in the wild)", split: "test",
        variants: [
            .init("official", "LLaVA's summarize_gpt_review.py over a judge's reviews")
        ],
        files: [
            .init(
                LLaVABench.names("questions.jsonl"), content: "questions",
                origin: LLaVABench.origin),
            .init(
                LLaVABench.names("context.jsonl"), content: "descriptions of the images",
                origin: LLaVABench.origin),
            .init(
                LLaVABench.names("answers_gpt4.jsonl"), content: "reference answers",
                origin: LLaVABench.origin),
            .init(
                LLaVABench.ruleNames, content: "the judge's instructions (optional)",
                origin: "https://github.com/haotian-liu/LLaVA (llava/eval/table/rule.json)"),
            .init(["images/"], content: "images", origin: LLaVABench.origin),
        ],
        licence: "Apache-2.0", maxTokens: 1024, folders: ["llava-bench-in-the-wild"],
        columns: [("relative_score", "LLaVA-W")])

    /// The judge of the published figures.
    package let officialJudge = "gpt-4-0314"

    static let ruleNames = ["rule.json", "table/rule.json"] + names("rule.json").dropFirst()
    private static let origin =
        "https://huggingface.co/datasets/liuhaotian/llava-bench-in-the-wild"

    static func names(_ name: String) -> [String] {
        [name, "llava-bench-in-the-wild/\(name)", "llavabench/\(name)"]
    }

    struct Item: Sendable {
        let id: QuestionID
        let place: String
        let image: String
        let category: String
        let text: String

        /// The category as the rules and the reviews name it.
        var reviewCategory: String { "llava_bench_\(category)" }
    }

    /// The questions as they are; no instruction is appended.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let folder = try files.folder()
        var questions: [Question] = []
        for item in try items(files) {
            let picture = folder.expectedImage(
                item.image,
                in: ["images", "llava-bench-in-the-wild/images", "llavabench/images", ""])
            questions.append(
                Question(
                    id: item.id, text: item.text, pictures: [picture], category: item.category))
        }
        return questions
    }

    func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        let file = try files.file(
            Self.names("questions.jsonl"), what: "LLaVA-Bench question file")
        var items: [Item] = []
        let what = "LLaVA-Bench's questions {question_id, image, category, text}"
        for placed in try file.objects(what, .questionLines) {
            guard let id = placed.object["question_id"].flatMap(QuestionID.init) else {
                throw EvaluationError(
                    .wrongFile,
                    "\(placed.place): expected \(what), found "
                        + placed.object.found)
            }
            items.append(
                Item(
                    id: id, place: placed.place, image: try placed.string("image"),
                    category: try placed.string("category"),
                    text: try placed.string("text")))
        }
        try Matching.requireDistinct(items.map { ($0.id, $0.place) }, benchmark: card.title)
        return items
    }
}
