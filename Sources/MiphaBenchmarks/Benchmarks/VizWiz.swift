import MiphaFiles

/// VizWiz-VQA: questions of blind people about their own photographs.
///
/// Three rules are in circulation; they differ by up to 15 points:
/// - `leave-one-out` (default, lmms-eval): both sides in the EvalAI form, the mean over the ten
///   sets of nine human answers;
/// - `official-api` (VizWiz API 1.0): the prediction is normalised, the human answers are not, and
///   its leave-one-out test compares an object with a text, so that nothing is left out: n humans
///   who agree give min(1, n/3);
/// - `dictionary` (the VQA tool run on VizWiz's files): entries have no `answer_id`, so holding
///   one out removes every entry with the same answer and confidence.
///
/// What a model said (LLaVA's answer lines) goes through the EvalAI form first under the last two,
/// as LLaVA does before it uploads. Predictions and annotations must cover the same questions. The
/// server scores the test split: its file has no answers.
///
/// References: EvolvingLMMs-Lab/lmms-eval, `tasks/vizwiz_vqa/utils.py`; the VizWiz API,
/// `PythonEvaluationTools/vqaEvaluation/vqaEval.py`; GT-Vision-Lab/VQA; haotian-liu/LLaVA,
/// `scripts/convert_vizwiz_for_submission.py`.
package struct VizWiz: Benchmark {
    private static let annotationNames = [
        "val.json", "Annotations/val.json", "vizwiz/val.json", "train.json",
    ]
    private static let testNames = ["test.json", "Annotations/test.json", "vizwiz/test.json"]
    private static let lineNames = ["llava_test.jsonl", "vizwiz/llava_test.jsonl"]
    private static let annotationsName = "VizWiz's annotations (val.json)"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "vizwiz", title: "VizWiz", split: "test",
            variants: [
                .init("leave-one-out", "lmms-eval: the mean over ten sets of nine answers"),
                .init("official-api", "VizWiz API 1.0: min(1, n/3), human answers as they are"),
                .init("dictionary", "GT-Vision-Lab/VQA: equal entries are left out together"),
            ],
            files: [
                .init(
                    Self.annotationNames, content: "questions and ten answers each (val)",
                    origin: "https://vizwiz.org/tasks-and-datasets/vqa/"),
                .init(
                    Self.testNames, content: "the questions of the test split",
                    origin: "https://vizwiz.org/tasks-and-datasets/vqa/"),
                .llava(Self.lineNames, content: "LLaVA's questions of the test split"),
                .init(
                    ["test", "val"], content: "the images",
                    origin: "https://vizwiz.org/tasks-and-datasets/vqa/"),
            ],
            licence: "CC BY 4.0", columns: [("accuracy", "VizWiz")])
    }

    private static func rule(_ variant: BenchmarkCard.Variant) -> VQARule {
        switch variant.name {
        case "official-api":
            VQARule(
                form: .vizWiz, normalizesHumans: false,
                accuracy: VQAAccuracy(leaveOut: .nothing, mean: .sequential), convertsRaw: true)
        case "dictionary":
            .vqaEval
        default:
            .evalAI(.exact)
        }
    }

    /// Scores an upload `[{image, answer}]` or LLaVA's answer lines.
    ///
    /// Answers are found by the image's file name, with or without its ending, or by the
    /// `question_id` that LLaVA's question file gives it.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        var table = try VQAPredictionTable(predictions, ids: ["image", "question_id"])
        let file = try files.file(Self.annotationNames, what: Self.annotationsName)
        let lineIDs = try Self.lineIDs(files)
        var pass = VQAPass(
            benchmark: "VizWiz", file: file, rule: Self.rule(variant), dimensions: ["answer_type"],
            isPartial: predictions.isPartial)
        try file.forEachValue(.array, what: Self.annotationsName) {
            cursor throws(EvaluationError) in
            let start = cursor
            let annotation = try VQAPass.annotation(&cursor, in: file)
            guard !annotation.picture.isEmpty, let humans = annotation.answers, !humans.isEmpty
            else {
                throw start.unexpected(
                    "expected a VizWiz annotation with image and answers (the test split has "
                        + "none: its server scores it)")
            }
            let id = QuestionID(annotation.picture)
            var keys = [id, QuestionID(Self.stem(annotation.picture))]
            if let other = lineIDs[id] { keys.append(other) }
            try pass.score(id, keys: keys, annotation, humans, &table, into: &recorder)
        }
        try pass.finish(table, into: &recorder)
        if variant.name == "leave-one-out" {
            recorder.addMeans("accuracy", by: ["answer_type"]) { total, count in
                100 * (total / Double(max(count, 1)))
            }
        } else {
            recorder.addMeans("accuracy", by: ["answer_type"])
        }
    }

    /// The name of an image without its ending.
    private static func stem(_ name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else {
            return name
        }
        return String(name[..<dot])
    }

    private static func lineIDs(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [QuestionID: QuestionID] {
        guard let lines = try files.beside(lineNames) else {
            return [:]
        }
        var result: [QuestionID: QuestionID] = [:]
        try LLaVAQuestionLine.forEach(in: lines) { line throws(EvaluationError) in
            result[QuestionID(line.image)] = line.id
        }
        return result
    }
}

// MARK: Asking and uploading

extension VizWiz {
    /// The questions of LLaVA's file, or of the authors' with LLaVA's prompt.
    ///
    /// Without LLaVA's file `test.json` is asked when it is there, else `val.json`.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        if let lines = try files.beside(Self.lineNames) {
            return try LLaVAQuestionLine.questions(
                in: lines, of: files, pictures: ["test", "vizwiz/test"])
        }
        var questions: [Question] = []
        let file = try files.file(
            Self.testNames + Self.annotationNames, what: "VizWiz's questions (test.json)")
        var split = "test"
        for name in ["train", "val"] where file.name.hasSuffix("\(name).json") { split = name }
        try Self.forEachQuestion(in: file) { entry, question throws(EvaluationError) in
            questions.append(
                Question(
                    id: QuestionID(entry.picture),
                    text: question + PromptSuffix.unanswerable + PromptSuffix.short,
                    pictures: [
                        files.expectedImage(entry.picture, in: [split, "vizwiz/\(split)"])
                    ],
                    expected: entry.answers ?? []))
        }
        return questions
    }

    /// The upload: a list of `{image, answer}` in the order of the test split.
    ///
    /// - Throws: `EvaluationError` when a question has no answer, as LLaVA's converter asserts.
    package func submission(
        of predictions: Predictions, files: BenchmarkFiles
    ) throws(EvaluationError) -> Submission? {
        var table = try VQAPredictionTable(predictions, ids: ["image", "question_id"])
        let convert = VQAAnswerNormalizer(.evalAI)
        var rows: [JSONValue] = []
        var missing: [QuestionID] = []
        var missingCount = 0
        let file: SourceFile
        func add(_ image: String, _ id: QuestionID?) throws(EvaluationError) {
            let keys = [id, QuestionID(image), QuestionID(Self.stem(image))].compactMap(\.self)
            guard let key = table.first(of: keys), let answer = try table.take(key, in: image)
            else {
                missingCount += 1
                if missing.count < 3 { missing.append(QuestionID(image)) }
                return
            }
            rows.append(
                [
                    "image": .string(image),
                    "answer": .string(answer.uploaded(convert)),
                ])
        }
        if let lines = try files.beside(Self.lineNames) {
            file = lines
            try LLaVAQuestionLine.forEach(in: lines) { line throws(EvaluationError) in
                try add(line.image, line.id)
            }
        } else {
            file = try files.file(Self.testNames, what: "VizWiz's test questions (test.json)")
            try Self.forEachQuestion(in: file) { entry, _ throws(EvaluationError) in
                try add(entry.picture, nil)
            }
        }
        try table.requireAll(
            missing: missing, missingCount, of: rows.count + missingCount, in: file.name)
        return try Submission(name: "vizwiz-test.json", json: .array(rows))
    }

    private static func forEachQuestion(
        in file: SourceFile,
        _ body: (VQAAnnotation, _ question: String) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try file.forEachValue(.array, what: annotationsName) { cursor throws(EvaluationError) in
            let start = cursor
            let entry = try VQAPass.annotation(&cursor, in: file)
            guard !entry.picture.isEmpty, let question = entry.question else {
                throw start.unexpected("expected a VizWiz question with image and question")
            }
            try body(entry, question)
        }
    }
}
