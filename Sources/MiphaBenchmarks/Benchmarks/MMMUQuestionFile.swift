import MiphaFiles

/// The file of MMMU's questions: rows of the data set, or question lines in LLaVA's form.
enum MMMUQuestionFile {
    /// Where it may be, under the folder of the benchmark's files.
    static let names = [
        "llava_mmmu_val.jsonl", "mmmu_val.jsonl", "mmmu_val.json", "validation.jsonl",
        "validation.json", "mmmu/mmmu_val.jsonl", "mmmu/mmmu_val.json",
    ]
    private static let imageFolders = ["", "images", "mmmu/images", "mmmu"]

    /// The questions of an export of the data set, or of a question file in LLaVA's form.
    ///
    /// The data set is published as Parquet. Read here are its rows as one JSON list or as JSON
    /// lines with the data set's names: `id`, `question`, `options` (a list, or its text as in the
    /// data set, `"['$6', '$7']"`), `question_type`, `answer`, and `image_1` to `image_7`, each the
    /// name of an image file (or an object with it as `path`) in the same folder or in `images/`.
    /// LLaVA's form is `question_id`, `text` and `image`, a name or a list of names.
    ///
    /// The prompt is that of the authors' LLaVA configuration: question, options as "(A) text"
    /// lines, a blank line, instruction; the marks `<image 1>` stay in it. The authors give only
    /// the first image and guess where options are images. Here all images are given, in the
    /// order in which the text first mentions them, those it does not mention at the end.
    ///
    /// - Throws: `EvaluationError` naming file, row and what was expected.
    static func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        let file = try files.file(
            names,
            what: "MMMU's questions (the rows of the data set as JSON, with image files)")
        var questions: [Question] = []
        var seen: Set<QuestionID> = []
        try file.forEachRow("MMMU's questions") { (element, place) throws(EvaluationError) in
            if let object = element.objectValue {
                try file.check(object, MMMU.questionFields, place)
            }
            let question = try Self.question(element, place, files)
            guard seen.insert(question.id).inserted else {
                throw EvaluationError(
                    .malformedFile, "\(place): question \(question.id) is there twice")
            }
            questions.append(question)
        }
        return questions
    }

    /// The options of the question file, nil without one.
    static func options(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [QuestionID: MMMUAnswers.Options] {
        guard !files.isFile, let file = try files.optionalFile(names) else { return [:] }
        var result: [QuestionID: MMMUAnswers.Options] = [:]
        try file.forEachRow("MMMU's questions") { (element, place) throws(EvaluationError) in
            guard let object = element.objectValue,
                let id = (object["id"] ?? object["question_id"]).flatMap(QuestionID.init)
            else { return }
            if object["options"] != nil {
                result[id] = .init(lettered(try optionTexts(object, place)))
            } else if let prompt = object["text"]?.stringValue {
                result[id] = MMMUPredictions.options(inPrompt: prompt)
            }
        }
        return result
    }

    private static func lettered(_ texts: [String]) -> [MMMUAnswers.Option] {
        zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", texts).map { .init(letter: String($0), text: $1) }
    }

    private static func question(
        _ element: JSONValue, _ place: String, _ files: BenchmarkFiles
    ) throws(EvaluationError) -> Question {
        guard let object = element.objectValue else {
            throw EvaluationError(
                .wrongFile, "\(place): expected a row of MMMU's data set, found \(element.kind)")
        }
        if let id = object["question_id"].flatMap(QuestionID.init),
            let text = object["text"]?.stringValue
        {
            let names = try pictureNames(object["image"], place)
            return Question(
                id: id, text: text,
                pictures: names.map { files.expectedImage($0, in: imageFolders) },
                category: object["category"]?.stringValue ?? "default")
        }
        guard let id = object["id"].flatMap(QuestionID.init),
            let question = object["question"]?.stringValue,
            let type = object["question_type"]?.stringValue
        else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected a row of MMMU's data set with id, question, options, "
                    + "question_type and image_1, or LLaVA's question_id and text; found "
                    + object.found)
        }
        let isChoice = type == "multiple-choice"
        let options = isChoice ? lettered(try optionTexts(object, place)) : []
        var fields: JSONObject = ["question_type": .string(type)]
        var text = question
        if isChoice {
            text += options.reduce(into: "\n") { $0 += "(\($1.letter)) \($1.text)\n" }
            text += PromptSuffix.letter
            fields["all_choices"] = .array(options.map { .string($0.letter) })
            fields["index2ans"] = .object(
                JSONObject(options.map { .init(key: $0.letter, value: .string($0.text)) }))
        } else {
            text += PromptSuffix.short
        }
        var names: [String] = []
        for number in pictureOrder(text, object) {
            names += try pictureNames(object["image_\(number)"], place)
        }
        return Question(
            id: id, text: text,
            pictures: names.map { files.expectedImage($0, in: imageFolders) },
            category: MMMU.subject(of: id.text),
            expected: object["answer"].flatMap(MMMU.texts) ?? [],
            answerFields: fields)
    }

    /// The numbers of the images there are: first as the text mentions them, then the others.
    private static func pictureOrder(_ text: String, _ object: JSONObject) -> [Int] {
        let bytes = Array(text.utf8)
        let present = (1...7).filter { object["image_\($0)"].map { !$0.isNull } ?? false }
        let places = present.map { number in
            (number, PythonText.find(Array("<image \(number)>".utf8), in: bytes) ?? Int.max)
        }
        return places.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    private static func pictureNames(
        _ value: JSONValue?, _ place: String
    ) throws(EvaluationError) -> [String] {
        switch value {
        case nil, .null: return []
        case .string(let name): return [name]
        case .object(let object):
            if let name = object["path"]?.stringValue { return [name] }
        case .array(let elements):
            let names = elements.compactMap(\.stringValue)
            if names.count == elements.count { return names }
        default: break
        }
        throw EvaluationError(
            .wrongFile,
            "\(place): expected the name of an image file, found \(value?.kind ?? "nothing")")
    }

    // MARK: Options

    private static func optionTexts(
        _ object: JSONObject, _ place: String
    ) throws(EvaluationError) -> [String] {
        var found: [String]?
        switch object["options"] {
        case .array(let elements):
            let texts = elements.compactMap(\.stringValue)
            if texts.count == elements.count { found = texts }
        case .string(let text): found = PythonLiteral.strings(text)
        default: break
        }
        guard let found, (1...26).contains(found.count) else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected options as a list of 1 to 26 texts, or its text as in the data "
                    + "set, \"['$6', '$7']\"")
        }
        return found
    }
}
