import Foundation
import MiphaFiles

/// MME: 14 tasks of two yes/no questions on each image (Fu et al., arXiv 2306.13394).
///
/// Annotations: the authors' `MME_Benchmark_release_version` with a folder for each task, holding
/// images and texts of `question TAB answer` lines either together or in `images` and
/// `questions_answers_YN`; or the `Your_Results` folder of `eval_tool.zip`, a text for each task
/// with `picture TAB question TAB answer` lines. LLaVA's `llava_mme.jsonl` gives the order of the
/// questions where it is there. LLaVA gives both questions on an image one id; here the second
/// ends in `#2`, which LLaVA's converter still understands.
///
/// Predictions: the official results folder, packed or not, a text for each task with `image TAB
/// question TAB answer TAB response` lines, whose right answers count; or LLaVA's answer lines,
/// joined with the questions as `convert_answer_to_mme.py` does: the short-answer instruction cut
/// off, `Please answer yes or no.` appended after one space or, failing that, two.
///
/// Damage: byte order marks and any line ends are accepted. Texts that are not UTF-8, lines with
/// another number of columns (a response with a tab or line feed breaks a results folder), two
/// lines that do not name the same image, gold answers other than yes and no, unknown and
/// repeated questions are errors. In LLaVA's answer lines tabs and line feeds do no harm and are
/// read as they are. Of an image with one answer the other question counts as wrong; images
/// without any are left out; both are noted.
///
/// Reference: BradyFU/Awesome-Multimodal-Large-Language-Models, branch Evaluation,
/// `tools/eval_tool.zip`; haotian-liu/LLaVA eval.zip `MME/convert_answer_to_mme.py`.
package struct MME: Benchmark {
    /// The tasks of perception, then those of cognition, in the official order, with the number of
    /// their questions.
    static let tasks: [(name: String, isPerception: Bool, size: Int)] = [
        ("existence", true, 60), ("count", true, 60), ("position", true, 60), ("color", true, 60),
        ("posters", true, 294), ("celebrity", true, 340), ("scene", true, 400),
        ("landmark", true, 400), ("artwork", true, 400), ("OCR", true, 40),
        ("commonsense_reasoning", false, 140), ("numerical_calculation", false, 40),
        ("text_translation", false, 40), ("code_reasoning", false, 40),
    ]
    static let instruction = "Please answer yes or no."
    static let questionFile = "llava_mme.jsonl"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "mme", title: "MME", split: "test",
            variants: [
                .init(
                    "official",
                    "eval_tool's calculation.py, as LLaVA uses it: yes, else no, in the first four "
                        + "characters; two consecutive lines are one image"),
                .init(
                    "lmms-eval",
                    "lmms-eval: stripped, periods deleted, y and n understood; a mean over "
                        + "images"),
            ],
            files: [
                .init(
                    ["MME_Benchmark_release_version", "eval_tool/Your_Results"],
                    content: "images with questions and answers of 14 tasks",
                    origin: "https://github.com/BradyFU/Awesome-Multimodal-Large-Language-Models/"
                        + "tree/Evaluation (images on request)"),
                .init([Self.questionFile], content: "LLaVA's questions", origin: "LLaVA eval.zip"),
            ],
            licence: "none stated; for research",
            folders: ["MME"], columns: [("perception", "MME-P"), ("cognition", "MME-C")])
    }

    /// The questions of LLaVA's file, or those of the tasks with LLaVA's suffix.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        var ids = RepeatedIDs()
        if !files.isFile, let file = try files.optionalFile([Self.questionFile]) {
            var gold = MMEAnnotations(files)
            var questions: [Question] = []
            let what = "LLaVA's questions for MME (\(Self.questionFile))"
            for line in try file.objects(what, .questionLines) {
                let id = try line.string("question_id")
                let text = try line.string("text")
                let name = try line.string("image")
                let question = try gold.find(MMEAnnotations.key(id), prompt: text, line.place)
                questions.append(
                    Question(
                        id: ids.distinct(QuestionID(id)), text: text,
                        pictures: [gold.picture(name)], category: try line.string("category"),
                        expected: [question.isYes ? "yes" : "no"]))
            }
            return questions
        }
        let gold = MMEAnnotations(files)
        var questions: [Question] = []
        for task in Self.tasks {
            for item in try gold.all(task.name) {
                questions.append(
                    Question(
                        id: ids.distinct(QuestionID("\(task.name)/\(item.picture)")),
                        text: Self.prompt(item.question),
                        pictures: [gold.picture(task: task.name, item.picture)],
                        category: task.name, expected: [item.isYes ? "yes" : "no"]))
            }
        }
        return questions
    }

    /// LLaVA's prompt for an official question.
    static func prompt(_ question: String) -> String {
        PythonText.strip(PythonText.replace(question, instruction, "")) + PromptSuffix.short
    }

    /// Scores a results folder or answer lines; figures of a task carry the dimension `task`.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let results =
            predictions.isFolder || BenchmarkFiles.isArchive(predictions.path)
            ? try MMEResults(folder: predictions)
            : try MMEResults(answers: predictions, MMEAnnotations(files))
        for note in results.notes { recorder.note(note) }
        if results.isFolder {
            recorder.note(
                "the right answers are those of the results folder, as in calculation.py; the "
                    + "annotations are not read")
        }
        for task in results.tasks {
            let size = Self.tasks.first { $0.name == task.name }?.size ?? 0
            let found = task.pairs.count * 2
            if found != size {
                recorder.note("\(task.name): \(found) questions of \(size) are scored.")
            }
        }
        var tables: [MMETable] = []
        for task in results.tasks {
            var table = MMETable(
                task: task.name, isPerception: Self.isPerception(task.name), &recorder)
            for pair in task.pairs { try table.record(pair, variant.name, &recorder) }
            tables.append(table)
        }
        MMETable.addTotals(tables, variant.name, &recorder)
        let order = Self.tasks.map(\.name)
        for table in tables.sorted(by: {
            order.firstIndex(of: $0.task) ?? 0 < order.firstIndex(of: $1.task) ?? 0
        }) {
            table.addFigures(variant.name, &recorder)
        }
    }

    static func isPerception(_ task: String) -> Bool {
        tasks.first { $0.name == task }?.isPerception ?? false
    }
}
