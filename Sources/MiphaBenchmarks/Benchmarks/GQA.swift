import MiphaFiles

/// GQA, questions on scenes with answers of a word or two, split testdev_balanced (12,578).
///
/// Annotations: the authors' `testdev_balanced_questions.json` (or another `*_questions.json`), a
/// map from id to question.
///
/// Predictions: LLaVA's answer lines, of which, as its conversion script does, full stops at the
/// end are cut and letters made small and nothing else; or the authors' list of `questionId` and
/// `prediction`, taken as it is. Every balanced question needs an answer, else it is an error.
/// Answers to other questions do not count; a note says how many the annotations lack.
///
/// Validity and plausibility need the authors' file of choices (`*_choices.json`) beside the
/// questions; without it the authors' script gives 0, here the two figures are left out. The
/// consistency and grounding of the script, off by default there, are not computed.
///
/// Reference: GQA's `eval.py` 1.2; haotian-liu/LLaVA, `scripts/convert_gqa_for_eval.py`;
/// EvolvingLMMs-Lab/lmms-eval, `lmms_eval/tasks/gqa`.
package struct GQA: Benchmark {
    static let official = BenchmarkCard.Variant(
        "official", "the authors' eval.py 1.2: equal texts, after LLaVA's conversion")
    static let lmmsEval = BenchmarkCard.Variant(
        "lmms-eval", "lmms-eval's metric: equal texts except for case and ASCII punctuation")
    static let lmmsHarness = BenchmarkCard.Variant(
        "lmms-eval-harness", "the same as its harness runs it, which strips the answer before")

    /// Name, files and variants.
    package let card = BenchmarkCard(
        id: "gqa", title: "GQA", split: "testdev_balanced",
        variants: [Self.official, Self.lmmsEval, Self.lmmsHarness],
        files: [
            .init(
                Self.annotationNames, content: "questions, answers and types",
                origin: "https://cs.stanford.edu/people/dorarad/gqa/download.html (questions1.2)"),
            .init(
                Self.questionNames, content: "LLaVA's question file, optional",
                origin: "https://github.com/haotian-liu/LLaVA (eval.zip)"),
            .init(
                ["data/images", "images"], content: "images, <imageId>.jpg",
                origin: "https://cs.stanford.edu/people/dorarad/gqa/download.html (images)"),
        ],
        licence: "CC BY 4.0", columns: [("accuracy", "GQA")])

    static let folders = ["", "data/", "questions1.2/", "data/questions1.2/", "gqa/data/"]
    static let annotationNames = names([
        "testdev_balanced_questions.json", "testdev_all_questions.json",
        "val_balanced_questions.json", "val_all_questions.json",
    ])
    static let questionNames = [
        "llava_gqa_testdev_balanced.jsonl", "gqa/llava_gqa_testdev_balanced.jsonl",
    ]
    static let choiceNames = names([
        "testdev_balanced_choices.json", "testdev_choices.json", "testdev_all_choices.json",
        "val_balanced_choices.json", "val_choices.json", "val_all_choices.json",
    ])

    private static func names(_ files: [String]) -> [String] {
        files.flatMap { file in folders.map { $0 + file } }
    }

    /// Makes the benchmark.
    package init() {}

    // MARK: Questions

    /// The balanced questions, in LLaVA's order where its question file is there.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        if let file = try Self.questionFile(files) {
            return try Self.questions(ofLLaVA: file, files)
        }
        var questions: [Question] = []
        try Self.forEachEntry(files) { (entry) throws(EvaluationError) in
            guard entry.isBalanced else { return }
            questions.append(
                Question(
                    id: entry.id, text: entry.question + PromptSuffix.short,
                    pictures: [
                        files.expectedImage(entry.image + ".jpg", in: Self.imageFolders)
                    ],
                    expected: entry.answer.map { [$0] } ?? []))
        }
        return questions
    }

    /// LLaVA's question file, nil without one.
    private static func questionFile(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> SourceFile? {
        if files.isFile, !files.path.hasSuffix(".jsonl") { return nil }
        return try files.optionalFile(questionNames)
    }

    private static func questions(
        ofLLaVA file: SourceFile, _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [Question] {
        var expected: [QuestionID: String] = [:]
        if !files.isFile, try files.optionalFile(annotationNames) != nil {
            try forEachEntry(files) { (entry) throws(EvaluationError) in
                expected[entry.id] = entry.answer
            }
        }
        var questions: [Question] = []
        var seen: Set<QuestionID> = []
        try file.forEachRow("LLaVA's questions for GQA") { (row, place) throws(EvaluationError) in
            if let object = row.objectValue { try file.check(object, .questionLines, place) }
            guard let id = row["question_id"].flatMap(QuestionID.init),
                let text = row["text"]?.stringValue, let image = row["image"]?.stringValue
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected a line of LLaVA's GQA question file with question_id, "
                        + "image and text")
            }
            guard seen.insert(id).inserted else {
                throw EvaluationError(
                    .malformedFile, "\(place): question \(id) is there twice")
            }
            questions.append(
                Question(
                    id: id, text: text,
                    pictures: [files.expectedImage(image, in: Self.imageFolders)],
                    category: row["category"]?.stringValue ?? "default",
                    expected: expected[id].map { [$0] } ?? []))
        }
        return questions
    }

    private static let imageFolders = ["data/images", "images", "gqa/data/images", ""]

    // MARK: Score

    /// Scores predictions.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let answers = try Self.answers(predictions, variant)
        let choices =
            variant == Self.official
            ? try GQAChoices(files, where: { answers[$0] != nil }) : nil
        var pass = GQAPass(variant: variant, answers: answers, choices: choices)
        try Self.forEachEntry(files) { (entry) throws(EvaluationError) in
            try pass.add(entry, to: &recorder)
        }
        try pass.requireAll(of: predictions)
        if pass.unknownCount > 0 {
            recorder.note(
                "\(pass.unknownCount) predictions are to questions that the annotations lack")
        }
        recorder.addMeans("accuracy") { $0 / Double(max($1, 1)) * 100 }
        Self.addParts("answer_type", to: &recorder)
        if variant == Self.official { pass.addOfficialFigures(to: &recorder) }
        for dimension in ["structural", "semantic", "steps", "words"] {
            Self.addParts(dimension, to: &recorder)
        }
    }

    /// Adds the accuracies of a dimension's parts in sorted order.
    private static func addParts(_ dimension: String, to recorder: inout ScoreRecorder) {
        let tallies = recorder.tallies(dimension).sorted { left, right in
            if let one = Int(left.part), let other = Int(right.part) { return one < other }
            return left.part < right.part
        }
        for tally in tallies {
            recorder.add(
                Figure(
                    "accuracy", dimension: dimension, part: tally.part, value: tally.mean * 100,
                    count: tally.count, statistic: tally.statistic(scale: 100)))
        }
    }

    // MARK: Predictions

    struct Answer {
        let text: String
        let compared: String
        let place: String
    }

    private static func answers(
        _ predictions: Predictions, _ variant: BenchmarkCard.Variant
    ) throws(EvaluationError) -> [QuestionID: Answer] {
        var answers: [QuestionID: Answer] = [:]
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            let isLLaVA = element["question_id"] != nil
            let id = element[isLLaVA ? "question_id" : "questionId"].flatMap(QuestionID.init)
            let object = element.objectValue ?? JSONObject()
            let text = try predictions.answer(
                of: object, [isLLaVA ? "text" : "prediction"], place)
            try predictions.watch.check(object, answerFields, in: predictions.path, place)
            guard let id, let text else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected GQA predictions, LLaVA's lines with question_id and text "
                        + "or GQA's list of questionId and prediction; found "
                        + element.found)
            }
            if let earlier = answers[id] {
                guard PythonText.equal(earlier.text, text) else {
                    throw EvaluationError(
                        .mismatch,
                        "question \(id) has two different answers, at \(earlier.place) and "
                            + "\(place)")
                }
                return
            }
            answers[id] = Answer(
                text: text, compared: compared(text, variant, isLLaVA: isLLaVA), place: place)
        }
        return answers
    }

    private static func compared(
        _ text: String, _ variant: BenchmarkCard.Variant, isLLaVA: Bool
    ) -> String {
        switch variant {
        case lmmsEval: bare(text)
        case lmmsHarness: bare(PythonText.strip(text))
        default: isLLaVA ? PythonText.lower(PythonText.rstrip(text, ".")) : text
        }
    }

    /// Small letters without ASCII punctuation; null characters at the end are lost in NumPy's
    /// arrays.
    static func bare(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in PythonText.lower(text).unicodeScalars {
            switch scalar.value {
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: continue
            default: result.append(scalar)
            }
        }
        return PythonText.rstrip(String(result), "\0")
    }
}
