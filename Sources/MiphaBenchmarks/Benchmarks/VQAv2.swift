import MiphaFiles

/// VQA v2.0: open questions about COCO images, each answered by ten people.
///
/// An answer scores by how many of the ten agree with it: 0, 0.3, 0.6, 0.9 and 1 for none, one,
/// two, three, and four or more. The `official` tool normalises answers unless the ten raw human
/// answers are all the same: "Yes" against ten "yes" scores 0. What a model said (LLaVA's answer
/// lines, with `text`) is therefore first brought into the EvalAI form under `official`, as LLaVA
/// does before it uploads; an upload (`answer`) is scored as it stands.
///
/// Figures keep all digits; the official tool rounds them to two. Predictions and annotations must
/// cover the same questions, which the official tool asserts. Differences on purpose: two different
/// answers to one question, and a question that is annotated twice, are errors.
///
/// References: GT-Vision-Lab/VQA, `PythonEvaluationTools/vqaEvaluation/vqaEval.py`;
/// EvolvingLMMs-Lab/lmms-eval, `tasks/vqav2/utils.py`; open-compass/VLMEvalKit,
/// `vlmeval/dataset/utils/vqa_eval.py`; haotian-liu/LLaVA,
/// `scripts/convert_vqav2_for_submission.py`.
package struct VQAv2: Benchmark {
    private static let annotationNames = [
        "v2_mscoco_val2014_annotations.json", "Annotations/v2_mscoco_val2014_annotations.json",
        "v2_mscoco_train2014_annotations.json", "annotations.json",
        "vqav2/v2_mscoco_val2014_annotations.json",
    ]
    private static let questionNames = [
        "v2_OpenEnded_mscoco_val2014_questions.json",
        "Questions/v2_OpenEnded_mscoco_val2014_questions.json",
        "v2_OpenEnded_mscoco_test-dev2015_questions.json",
        "v2_OpenEnded_mscoco_test2015_questions.json", "questions.json",
        "vqav2/v2_OpenEnded_mscoco_val2014_questions.json",
    ]
    private static let lineNames = [
        "llava_vqav2_mscoco_test-dev2015.jsonl", "vqav2/llava_vqav2_mscoco_test-dev2015.jsonl",
    ]
    private static let testNames = [
        "llava_vqav2_mscoco_test2015.jsonl", "vqav2/llava_vqav2_mscoco_test2015.jsonl",
        "v2_OpenEnded_mscoco_test2015_questions.json",
    ]

    private static let annotationsName =
        "VQAv2's annotations (v2_mscoco_val2014_annotations.json)"
    private static let questionsName =
        "VQAv2's questions (v2_OpenEnded_mscoco_val2014_questions.json)"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "vqav2", title: "VQAv2", split: "test-dev2015",
            variants: [
                .init(
                    "official",
                    "GT-Vision-Lab/VQA: raw comparison when all ten human answers are the same"),
                .init("always-normalise", "lmms-eval: all answers are normalised"),
                .init(
                    "vlmevalkit", "VLMEvalKit: all are normalised, periods stay beside digits"),
            ],
            files: [
                .init(
                    Self.annotationNames, content: "ten answers to each question (val2014)",
                    origin: "https://visualqa.org/download.html"),
                .init(
                    Self.questionNames, content: "the questions",
                    origin: "https://visualqa.org/download.html"),
                .llava(Self.lineNames, content: "LLaVA's questions of test-dev2015"),
                .llava(Self.testNames, content: "all questions of test2015, for the upload"),
                .init(
                    ["test2015", "val2014"], content: "the images",
                    origin: "https://cocodataset.org/#download"),
            ],
            licence: "CC BY 4.0", columns: [("accuracy", "VQAv2")])
    }

    private static func rule(_ variant: BenchmarkCard.Variant) -> VQARule {
        switch variant.name {
        case "always-normalise":
            VQARule(
                form: .lmmsEval, accuracy: VQAAccuracy(leaveOut: .equalEntries, mean: .exact))
        case "vlmevalkit":
            VQARule(form: .vlmEvalKit, accuracy: VQAAccuracy(leaveOut: .entry, mean: .pairwise))
        default:
            .vqaEval
        }
    }

    /// Scores results `[{question_id, answer}]` or LLaVA's answer lines.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        var table = try VQAPredictionTable(predictions, ids: ["question_id"])
        let file = try files.file(Self.annotationNames, what: "VQAv2 annotations")
        var pass = VQAPass(
            benchmark: "VQAv2", file: file, rule: Self.rule(variant),
            dimensions: ["answer_type", "question_type"], isPartial: predictions.isPartial)
        try file.forEachValue(.arrayUnder("annotations"), what: Self.annotationsName) {
            cursor throws(EvaluationError) in
            try pass.score(&cursor, &table, into: &recorder)
        }
        try pass.finish(table, into: &recorder)
        pass.addFigures(to: &recorder, addsPercentages: variant.name != "official")
    }
}

// MARK: Asking and uploading

extension VQAv2 {
    /// The questions of LLaVA's file, or of the authors' with LLaVA's prompt.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        if let lines = try files.beside(Self.lineNames) {
            return try LLaVAQuestionLine.questions(
                in: lines, of: files, pictures: ["test2015", "vqav2/test2015"])
        }
        var questions: [Question] = []
        let file = try files.file(Self.questionNames, what: "VQAv2 questions")
        let split = try Self.split(of: file)
        let expected = try expectedAnswers(files)
        try Self.forEachQuestion(in: file) { id, question, picture throws(EvaluationError) in
            let number = String(repeating: "0", count: max(12 - picture.utf8.count, 0)) + picture
            questions.append(
                Question(
                    id: id, text: question + PromptSuffix.short,
                    pictures: [
                        files.expectedImage(
                            "COCO_\(split)_\(number).jpg", in: [split, "vqav2/\(split)"])
                    ],
                    expected: expected[id] ?? []))
        }
        return questions
    }

    /// The upload: every question of the test split in its order, with an empty answer where
    /// there is none, as LLaVA's converter writes it.
    package func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? {
        var table = try VQAPredictionTable(predictions, ids: ["question_id"])
        let file = try files.file(Self.testNames, what: "the questions of VQAv2's test2015")
        let convert = VQAAnswerNormalizer(.evalAI)
        var rows: [JSONValue] = []
        func add(_ id: QuestionID) throws(EvaluationError) {
            let answer = try table.take(id, in: file.name)
            rows.append(
                [
                    "question_id": id.json,
                    "answer": .string(answer?.uploaded(convert) ?? ""),
                ])
        }
        if file.name.hasSuffix(".jsonl") {
            try LLaVAQuestionLine.forEach(in: file) { line throws(EvaluationError) in
                try add(line.id)
            }
        } else {
            try Self.forEachQuestion(in: file) { id, _, _ throws(EvaluationError) in try add(id) }
        }
        try table.requireAll(missing: [], 0, of: rows.count, in: file.name)
        return try Submission(name: "vqav2-test2015.json", json: .array(rows))
    }

    private static func forEachQuestion(
        in file: SourceFile,
        _ body: (QuestionID, _ question: String, _ picture: String) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try file.forEachValue(.arrayUnder("questions"), what: Self.questionsName) {
            cursor throws(EvaluationError) in
            let start = cursor
            let entry = try VQAPass.annotation(&cursor, in: file)
            guard let id = entry.id, let question = entry.question, !entry.picture.isEmpty else {
                throw start.unexpected(
                    "expected a VQAv2 question with question_id, image_id and question")
            }
            try body(id, question, entry.picture)
        }
    }

    /// The folder of the images: `data_subtype` of the question file, without `-dev`.
    private static func split(of file: SourceFile) throws(EvaluationError) -> String {
        var split = "val2014"
        for name in ["train2014", "val2014", "test-dev2015", "test2015"]
        where file.name.contains(name) {
            split = name
        }
        return split == "test-dev2015" ? "test2015" : split
    }

    private func expectedAnswers(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [QuestionID: [String]] {
        guard let file = try files.beside(Self.annotationNames)
        else { return [:] }
        var result: [QuestionID: [String]] = [:]
        try file.forEachValue(.arrayUnder("annotations"), what: Self.annotationsName) {
            cursor throws(EvaluationError) in
            let annotation = try VQAPass.annotation(&cursor, in: file)
            guard let id = annotation.id else { return }
            result[id] = annotation.answers ?? []
        }
        return result
    }
}
