import MiphaFiles

/// TextVQA's annotations, found by question id, or by image and question.
struct TextVQAIndex {
    /// A question with its human answers.
    struct Entry {
        let id: QuestionID
        let picture: String
        var question: String?
        let answers: [String]
    }

    /// The file, for messages.
    let file: String
    /// All questions in the order of the file.
    private(set) var entries: [Entry] = []
    private var places: [QuestionID: Int] = [:]
    private var questions: [ExactString: Int] = [:]
    private var pictures: [ExactString: [Int]] = [:]

    /// Reads `TextVQA_0.5.1_val.json`, or the annotations in the format of VQAv2 with the questions
    /// beside them.
    ///
    /// - Throws: `EvaluationError` for other files, and answers that are not ten.
    init(_ files: BenchmarkFiles) throws(EvaluationError) {
        let source = try files.file(
            TextVQA.annotationNames, what: "TextVQA's annotations (TextVQA_0.5.1_val.json)")
        file = source.name
        let what = "TextVQA's annotations (TextVQA_0.5.1_val.json), an object with \"data\""
        let elements = try source.elements(.automatic(keys: ["data", "annotations"]))
        try elements.forEachValue(what: what) { cursor throws(EvaluationError) in
            let start = cursor
            let annotation = try VQAPass.annotation(&cursor, in: source)
            guard let id = annotation.id, !annotation.picture.isEmpty,
                let answers = annotation.answers
            else {
                throw EvaluationError(
                    .wrongFile,
                    start.failure(
                        "expected a TextVQA annotation with question_id, image_id and answers; "
                            + "this should be \(what)"
                    ).message)
            }
            guard answers.count == 10 else {
                throw start.unexpected(
                    "question \(id): expected ten answers, found \(answers.count)")
            }
            guard places.updateValue(entries.count, forKey: id) == nil else {
                throw start.unexpected("question \(id) is there twice")
            }
            entries.append(
                Entry(
                    id: id, picture: annotation.picture, question: annotation.question,
                    answers: answers))
        }
        guard !entries.isEmpty else {
            throw EvaluationError(.wrongFile, "\(file): there are no annotations; expected \(what)")
        }
        if entries[0].question == nil { try joinQuestions(files) }
        for (place, entry) in entries.enumerated() {
            pictures[ExactString(entry.picture), default: []].append(place)
            if let question = entry.question {
                questions[Self.key(entry.picture, PythonText.lower(question))] = place
            }
        }
    }

    /// The number of questions that LLaVA's key distinguishes.
    var questionCount: Int { questions.isEmpty ? entries.count : questions.count }

    private mutating func joinQuestions(_ files: BenchmarkFiles) throws(EvaluationError) {
        guard
            let source = try files.beside(
                TextVQA.questionNames)
        else { return }
        try source.forEachValue(
            .arrayUnder("questions"), what: "TextVQA's questions (\(TextVQA.questionNames[0]))"
        ) { cursor throws(EvaluationError) in
            let question = try VQAPass.annotation(&cursor, in: source)
            guard let id = question.id, let place = places[id] else { return }
            entries[place].question = question.question
        }
    }

    private static func key(_ picture: String, _ question: String) -> ExactString {
        ExactString("\(picture)\n\(question)")
    }

    /// The annotation that an answer is about; nil when there is none.
    ///
    /// - Throws: `EvaluationError` when the answer names an image with several questions and has
    ///   no prompt to distinguish them.
    func place(
        of prediction: VQAPrediction, in path: String
    ) throws(EvaluationError) -> Int? {
        if let place = places[prediction.id] { return place }
        let picture = prediction.id.text
        if let prompt = prediction.prompt {
            return questions[Self.key(picture, PythonText.lower(Self.question(of: prompt)))]
        }
        guard let candidates = pictures[ExactString(picture)] else { return nil }
        guard candidates.count == 1 else {
            throw EvaluationError(
                .wrongFile,
                "\(path): element \(prediction.index): image \(picture) has "
                    + "\(candidates.count) questions; expected the prompt, or the question_id of "
                    + "the annotations")
        }
        return candidates[0]
    }

    /// The question of one of LLaVA's prompts.
    static func question(of prompt: String) -> String {
        if prompt.utf8.starts(with: "OCR tokens: ".utf8) {
            let bytes = Array(prompt.utf8)
            let (open, close) = (Array("Question: ".utf8), Array(" Short answer:".utf8))
            if let start = PythonText.find(open, in: bytes),
                let end = PythonText.find(close, in: bytes, from: start + open.count)
            {
                return String(decoding: bytes[start + open.count..<end], as: UTF8.self)
            }
        }
        let lines = PythonText.split(prompt, "\n")
        if lines.count == 3, prompt.utf8.starts(with: "Reference OCR token:".utf8) {
            return lines[1]
        }
        return lines[0]
    }
}
