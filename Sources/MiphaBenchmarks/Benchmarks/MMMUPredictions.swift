import MiphaFiles

/// The answers of a predictions file or folder for MMMU, in order.
struct MMMUPredictions {
    struct Answer {
        let id: QuestionID
        let text: String
        /// The options of a raw multiple-choice answer; nil where the text is the letter itself.
        let options: MMMUAnswers.Options?
        /// The right answers that the predictions file states.
        let statedAnswers: [String]?
        let place: String
    }

    private(set) var answers: [Answer] = []

    private let predictions: Predictions
    private let truths: [QuestionID: MMMU.Truth]
    private let files: BenchmarkFiles
    private var known: [QuestionID: Int] = [:]
    private var unknown: [QuestionID] = []
    private var questionOptions: [QuestionID: MMMUAnswers.Options]?

    init(
        _ predictions: Predictions, truths: [QuestionID: MMMU.Truth], files: BenchmarkFiles
    ) throws(EvaluationError) {
        self.predictions = predictions
        self.truths = truths
        self.files = files
        if predictions.isFolder {
            try readFolder()
        } else {
            try read(predictions)
        }
        if !unknown.isEmpty {
            throw EvaluationError(
                .mismatch,
                "\(predictions.path): \(unknown.count) answers are to questions that MMMU's "
                    + "annotations lack: "
                    + Matching.first(unknown))
        }
        if answers.isEmpty {
            throw EvaluationError(
                .wrongFile, "\(predictions.path): no answers; expected predictions for MMMU")
        }
    }

    private mutating func readFolder() throws(EvaluationError) {
        var found = 0
        for subject in MMMUSubjects.all {
            let file = predictions.file("\(subject)/output.json")
            guard FileSystem.kind(file.path) == .file else { continue }
            found += 1
            try read(file)
        }
        if found == 0 {
            throw EvaluationError(
                .wrongFile,
                "\(predictions.path): expected folders named after MMMU's subjects with an output.json in "
                    + "each, such as Accounting/output.json, found none")
        }
    }

    private mutating func read(_ predictions: Predictions) throws(EvaluationError) {
        try predictions.forEachElement { (element, place) throws(EvaluationError) in
            guard let object = element.objectValue else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected an object for each MMMU answer, found \(element.kind)")
            }
            if object["id"] != nil || object["question_id"] != nil {
                try readRecord(object, place)
            } else if place == predictions.path {
                try readMap(object, place)
            } else {
                throw Self.wrongFields(object, place)
            }
        }
    }

    private static func wrongFields(_ object: JSONObject, _ place: String) -> EvaluationError {
        EvaluationError(
            .wrongFile,
            "\(place): expected MMMU predictions: a map from ids to answers, records with id and "
                + "response, or LLaVA's lines with question_id and text; found "
                + object.found)
    }

    /// The authors' "evaluation only" form.
    private mutating func readMap(
        _ object: JSONObject, _ place: String
    ) throws(EvaluationError) {
        for member in object.members {
            guard let text = member.value.stringValue else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected a text as the answer to \(member.key.prefix(60)), found "
                        + member.value.kind)
            }
            try add(
                Answer(
                    id: QuestionID(member.key), text: text, options: nil, statedAnswers: nil,
                    place: "\(place): key \(member.key.prefix(60))"))
        }
    }

    /// A record of `output.json`, or an answer line of LLaVA.
    private mutating func readRecord(
        _ object: JSONObject, _ place: String
    ) throws(EvaluationError) {
        guard let id = (object["id"] ?? object["question_id"]).flatMap(QuestionID.init),
            let text = try predictions.answer(of: object, ["response", "text"], place)
        else { throw Self.wrongFields(object, place) }
        try predictions.watch.check(object, MMMU.answerFields, in: predictions.path, place)
        guard let truth = truths[id] else {
            unknown.append(id)
            return
        }
        if let type = object["question_type"]?.stringValue,
            (type == "multiple-choice") != truth.isChoice
        {
            throw EvaluationError(
                .mismatch,
                "\(place): question \(id) is \(type) here, the annotations say "
                    + (truth.isChoice ? "multiple-choice" : "open"))
        }
        var options: MMMUAnswers.Options?
        if truth.isChoice { options = try self.options(of: id, object, place) }
        try add(
            Answer(
                id: id, text: text, options: options,
                statedAnswers: object["response"] == nil
                    ? nil : object["answer"].flatMap(MMMU.texts),
                place: place))
    }

    private mutating func add(_ answer: Answer) throws(EvaluationError) {
        guard truths[answer.id] != nil else {
            unknown.append(answer.id)
            return
        }
        if let earlier = known[answer.id] {
            guard PythonText.equal(answers[earlier].text, answer.text) else {
                throw EvaluationError(
                    .mismatch,
                    "question \(answer.id) has two different answers, at "
                        + "\(answers[earlier].place) and \(answer.place)")
            }
            return
        }
        known[answer.id] = answers.count
        answers.append(answer)
    }

    // MARK: Options

    private mutating func options(
        of id: QuestionID, _ object: JSONObject, _ place: String
    ) throws(EvaluationError) -> MMMUAnswers.Options {
        if let letters = object["all_choices"]?.arrayValue?.map(\.stringValue) {
            let texts = object["index2ans"]?.objectValue?.members ?? []
            let options = texts.compactMap { member in
                member.value.stringValue.map { MMMUAnswers.Option(letter: member.key, text: $0) }
            }
            guard !letters.isEmpty, options.count == texts.count,
                letters.allSatisfy({ letter in options.contains { $0.letter == letter } })
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(place): expected in index2ans one text for each letter of all_choices")
            }
            return .init(letters: letters.compactMap { $0 }, all: options)
        }
        if questionOptions == nil { questionOptions = try MMMUQuestionFile.options(files) }
        if let options = questionOptions?[id] { return options }
        if let prompt = object["prompt"]?.stringValue,
            let options = Self.options(inPrompt: prompt)
        {
            return options
        }
        throw EvaluationError(
            .wrongFile,
            "\(place): the options of the multiple-choice question \(id) are unknown; expected "
                + "all_choices and index2ans in the answer, a question file beside the "
                + "annotations, or the option lines in prompt")
    }

    /// The last run of lines "(A) ...", "(B) ..." in a prompt; lines between belong to the option
    /// before, the instruction after a blank line to none.
    static func options(inPrompt prompt: String) -> MMMUAnswers.Options? {
        let lines = PythonText.split(prompt, "\n")
        guard let first = lines.lastIndex(where: { $0.hasPrefix("(A) ") }) else { return nil }
        var options: [MMMUAnswers.Option] = []
        for line in lines[first...] {
            let next = Unicode.Scalar(UInt8(0x41 + min(options.count, 25)))
            if options.count < 26, line.hasPrefix("(\(next)) ") {
                options.append(
                    .init(letter: String(next), text: String(line.unicodeScalars.dropFirst(4))))
            } else if PythonText.strip(line).isEmpty
                || PromptSuffix.letter.hasSuffix("\n" + line)
            {
                break
            } else if let last = options.popLast() {
                options.append(.init(letter: last.letter, text: last.text + "\n" + line))
            }
        }
        return options.isEmpty ? nil : .init(options)
    }
}
