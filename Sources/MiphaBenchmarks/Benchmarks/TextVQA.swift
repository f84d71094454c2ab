import MiphaFiles

/// TextVQA (validation set 0.5.1): questions about text in images.
///
/// Both sides are brought into the EvalAI form; an answer scores the mean over the ten sets of nine
/// human answers of min(1, matches/3), and the accuracy is the mean over the answers in the order
/// of the predictions, a fraction (LLaVA prints it times 100).
///
/// LLaVA's answer lines carry the image's id as `question_id`; the question is recovered from the
/// prompt and looked up in lower case. A prompt whose recognised text holds line breaks stops
/// LLaVA's script; here its first line counts. Answers with the `question_id` of the annotations
/// need no prompt. The mean is over the answers there are, a note says when some are missing.
/// Of two annotations of one question the last counts, as in LLaVA's script.
///
/// References: haotian-liu/LLaVA, `llava/eval/eval_textvqa.py` and `llava/eval/m4c_evaluator.py`;
/// EvolvingLMMs-Lab/lmms-eval, `tasks/textvqa/utils.py`.
package struct TextVQA: Benchmark {
    static let annotationNames = [
        "TextVQA_0.5.1_val.json", "textvqa/TextVQA_0.5.1_val.json",
        "val_annotations_vqa_format.json",
    ]
    static let questionNames = ["val_questions_vqa_format.json"]
    private static let lineNames = [
        "llava_textvqa_val_v051_ocr.jsonl", "textvqa/llava_textvqa_val_v051_ocr.jsonl",
    ]
    private static let wordNames = [
        "TextVQA_Rosetta_OCR_v0.2_val.json", "textvqa/TextVQA_Rosetta_OCR_v0.2_val.json",
    ]
    private static let imageFolders = ["train_images", "textvqa/train_images", ""]

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "textvqa", title: "TextVQA", split: "val",
            variants: [
                .init("m4c", "LLaVA and mmf: the mean of ten sums of thirds, one by one"),
                .init("lmms-eval", "lmms-eval: the same with exact means (the last digit)"),
            ],
            files: [
                .init(
                    Self.annotationNames, content: "questions and ten answers each",
                    origin: "https://dl.fbaipublicfiles.com/textvqa/data/TextVQA_0.5.1_val.json"),
                .llava(Self.lineNames, content: "LLaVA's prompts with recognised text"),
                .init(
                    Self.wordNames, content: "recognised text, where LLaVA's prompts are absent",
                    origin: "https://dl.fbaipublicfiles.com/textvqa/data/"
                        + "TextVQA_Rosetta_OCR_v0.2_val.json"),
                .init(
                    ["train_images"], content: "the images",
                    origin: "https://dl.fbaipublicfiles.com/textvqa/images/train_val_images.zip"),
            ],
            licence: "CC BY 4.0", columns: [("accuracy", "TextVQA")])
    }

    /// Scores LLaVA's answer lines, or answers with the annotations' `question_id`.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let index = try TextVQAIndex(files)
        let reader = try VQAPredictionReader(predictions, ids: ["question_id", "image_id"])
        var scorer = VQAScorer(
            .evalAI(variant.name == "lmms-eval" ? .exact : .sequential))
        var answered: [Int: (text: String, index: Int)] = [:]
        var unknown: [String] = []
        var unknownCount = 0
        try reader.forEach { prediction throws(EvaluationError) in
            guard let place = try index.place(of: prediction, in: reader.path) else {
                unknownCount += 1
                if unknown.count < 3 { unknown.append(prediction.id.text) }
                return
            }
            let entry = index.entries[place]
            if let earlier = answered[place] {
                guard PythonText.equal(earlier.text, prediction.text) else {
                    throw reader.conflict(entry.id, earlier.index, prediction.index)
                }
                return
            }
            answered[place] = (prediction.text, prediction.index)
            let (score, compared) = scorer.score(
                prediction.text, isRaw: prediction.isRaw, humans: entry.answers
            ) { [Int](repeating: 1, count: $0.count) }
            try recorder.record(
                ScoredItem(
                    id: entry.id, score: score, status: compared.isEmpty ? .unparsed : .scored,
                    prediction: prediction.text, parsed: compared, expected: entry.answers,
                    cluster: entry.picture))
        }
        guard unknownCount == 0, !answered.isEmpty else {
            throw EvaluationError(
                .mismatch,
                "\(reader.path) does not belong to \(index.file): \(unknownCount) answers are to "
                    + "questions it does not have (\(unknown.joined(separator: ", "))"
                    + "\(unknownCount > 3 ? ", …" : ""))")
        }
        recorder.addMeans("accuracy", unit: .fraction) { $0 / Double(max($1, 1)) }
        if answered.count < index.questionCount {
            recorder.note(
                "\(answered.count) of \(index.questionCount) questions were answered; the "
                    + "accuracy is over those")
        }
    }

    /// The questions of LLaVA's file, or of the annotations with LLaVA's prompt.
    ///
    /// Ids are those of the images, as in LLaVA's file: questions on one image share one.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        if let lines = try files.beside(Self.lineNames) {
            return try LLaVAQuestionLine.questions(
                in: lines, of: files, pictures: Self.imageFolders)
        }
        var questions: [Question] = []
        let index = try TextVQAIndex(files)
        let words = try recognisedWords(files)
        for entry in index.entries {
            guard let question = entry.question else {
                throw EvaluationError(
                    .missingFile,
                    "\(files.path): TextVQA's questions not found; looked for "
                        + Self.questionNames.joined(separator: ", "))
            }
            var text = Self.capitalized(question)
            if let words {
                text += "\nReference OCR token: " + (words[ExactString(entry.picture)] ?? "")
            }
            questions.append(
                Question(
                    id: QuestionID(entry.picture), text: text + PromptSuffix.short,
                    pictures: [
                        files.expectedImage("\(entry.picture).jpg", in: Self.imageFolders)
                    ],
                    expected: entry.answers))
        }
        return questions
    }

    /// `text.capitalize()`, as LLaVA's prompts have it.
    private static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping
            + PythonText.lower(String(text.unicodeScalars.dropFirst()))
    }

    /// The recognised words of each image, joined as in LLaVA's prompts; nil without the file.
    private func recognisedWords(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [ExactString: String]? {
        guard let file = try files.beside(Self.wordNames) else {
            return nil
        }
        var result: [ExactString: String] = [:]
        try file.forEachValue(
            .arrayUnder("data"), what: "TextVQA's recognised text (\(Self.wordNames[0]))"
        ) { cursor throws(EvaluationError) in
            do throws(FileError) {
                var picture = ""
                var words: [String] = []
                try cursor.beginObject()
                while let key = try cursor.nextKey() {
                    if key == "image_id" { picture = try cursor.string() }
                    if key == "ocr_tokens" { words = try cursor.strings() }
                    if !Self.wordFields.knows(key) { file.watch?.see(key, in: file.name) }
                }
                result[ExactString(picture)] = words.joined(separator: ", ")
            } catch {
                throw EvaluationError(error)
            }
        }
        return result
    }
}
