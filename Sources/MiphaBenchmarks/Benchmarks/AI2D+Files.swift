import MiphaFiles

extension AI2D {
    /// The questions of whichever form is there.
    ///
    /// - Throws: `EvaluationError` listing the forms that were looked for.
    static func items(
        _ files: BenchmarkFiles, _ notes: inout [String]
    ) throws(EvaluationError) -> [Item] {
        var items: [Item] = []
        if let file = try files.optionalFile(names) {
            for (index, line) in try file.objects("AI2D's questions", lineFields)
                .enumerated()
            {
                items.append(try item(line, index))
            }
        } else {
            items = try folderItems(files, &notes)
        }
        var seen: Set<QuestionID> = []
        for item in items where !seen.insert(item.id).inserted {
            throw EvaluationError(
                .malformedFile, "\(files.path): question id \(item.id) is there twice")
        }
        return items
    }

    /// The prompt of lmms-eval for a question with options.
    private static func prompt(_ question: String, _ options: [String]) -> String {
        var text = question
        for (index, option) in options.enumerated() {
            text += "\n\(LetterAnswer.letter(of: index)). \(option)"
        }
        return text + PromptSuffix.letter
    }

    private static func item(
        _ line: PlacedObject, _ index: Int
    ) throws(EvaluationError) -> Item {
        let id =
            line.object["question_id"].flatMap { QuestionID($0) }
            ?? line.object["id"].flatMap { QuestionID($0) } ?? QuestionID(index)
        let question = try line.string("question")
        let image = line.object["image"] ?? .null
        guard let picture = image.isNull ? "" : image.stringValue ?? image["path"]?.stringValue
        else { throw line.wrong("image", "the name of an image file, or an object with its path") }
        guard line.object["options"] != nil else {
            let letter = try line.string("answer")
            guard question.contains("\nA. "), let answer = self.index(letter, 26) else {
                throw EvaluationError(
                    .wrongFile,
                    "\(line.place): expected \"options\", or a question that holds lines \"A. ...\" "
                        + "with a letter as its answer")
            }
            let hasSuffix = PythonText.contains(question, PythonText.strip(PromptSuffix.letter))
            return Item(
                id: id, text: hasSuffix ? question : question + PromptSuffix.letter,
                answer: answer, picture: picture, options: writtenOptions(question))
        }
        let options = try line.strings("options")
        guard (2...26).contains(options.count) else {
            throw EvaluationError(
                .malformedFile, "\(line.place): expected 2 to 26 options, found \(options.count)")
        }
        let answer =
            line.object["answer"]?.integerValue
            ?? line.object["answer"]?.stringValue.flatMap {
                Int($0) ?? self.index($0, options.count)
            }
        guard let answer, options.indices.contains(answer) else {
            throw line.wrong("answer", "an index or a letter of the \(options.count) options")
        }
        return Item(
            id: id, text: prompt(question, options), answer: answer, picture: picture,
            options: lettered(options))
    }

    /// Options with their letters, but those that pandas reads as missing.
    private static func lettered(_ options: [String]) -> [OptionExtractor.Option] {
        options.enumerated().map { .init(LetterAnswer.letter(of: $0), $1) }
            .filter { !DelimitedTable.pandasMissing.contains($0.text) }
    }

    /// The options that a question has on lines of their own, after letter, period and space.
    private static func writtenOptions(_ question: String) -> [OptionExtractor.Option] {
        var options: [String] = []
        for line in PythonText.split(question, "\n") {
            let mark = LetterAnswer.letter(of: options.count) + ". "
            guard options.count < 26, line.utf8.starts(with: mark.utf8) else { continue }
            options.append(String(decoding: line.utf8.dropFirst(mark.utf8.count), as: UTF8.self))
        }
        return lettered(options)
    }

    private static func index(_ letter: String, _ count: Int) -> Int? {
        guard letter.utf8.count == 1, let character = letter.first else { return nil }
        return LetterAnswer.letter(character).index(below: count)
    }

    private static func folderItems(
        _ files: BenchmarkFiles, _ notes: inout [String]
    ) throws(EvaluationError) -> [Item] {
        var pictures: [String] = []
        if let list = try files.optionalFile(["ai2d_test_ids.csv"]) {
            for line in try list.textLines("AI2D's test images (ai2d_test_ids.csv)") {
                let number = PythonText.strip(line)
                if number.isEmpty { continue }
                guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    throw EvaluationError(
                        .wrongFile,
                        "\(list.name): expected an image number on each line, found "
                            + "\"\(number.prefix(40))\"")
                }
                pictures.append("\(number).png")
            }
        } else {
            pictures = files.names(in: "questions").filter { $0.hasSuffix(".json") }
                .map { String($0.dropLast(5)) }
            if !pictures.isEmpty {
                notes.append(
                    "ai2d_test_ids.csv is not there: all \(pictures.count) images are scored, "
                        + "not the test split alone.")
            }
        }
        guard !pictures.isEmpty else {
            throw EvaluationError(
                .missingFile,
                "\(files.path): AI2D not found; looked for \(names.joined(separator: ", ")), "
                    + "ai2d_test_ids.csv and questions/*.json")
        }
        var items: [Item] = []
        for picture in pictures {
            let file = try files.file(
                ["questions/\(picture).json"], what: "AI2D's questions on \(picture)")
            try add(file, picture, files, &items)
        }
        return items
    }

    private static func add(
        _ file: SourceFile, _ picture: String, _ files: BenchmarkFiles, _ items: inout [Item]
    ) throws(EvaluationError) {
        let object = try file.object("AI2D's questions on an image")
        try file.check(object, pictureFields, file.name)
        guard let questions = object["questions"]?.objectValue else {
            throw EvaluationError(
                .wrongFile,
                "\(file.name): expected \"questions\" by their text, found "
                    + object.found)
        }
        let name = object["imageName"]?.stringValue ?? picture
        for member in questions.members {
            let place = "\(file.name): question \"\(member.key.prefix(60))\""
            guard let entry = member.value.objectValue else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected an object, found \(member.value.kind)")
            }
            try file.check(entry, entryFields, place)
            let question = PlacedObject(
                object: entry, place: place, what: "AI2D's questions on an image")
            let options = try question.strings("answerTexts")
            let answer = try question.integer("correctAnswer")
            guard (2...26).contains(options.count), options.indices.contains(answer) else {
                throw EvaluationError(
                    .malformedFile,
                    "\(place): the answer \(answer) is none of the \(options.count) options")
            }
            let letters = "abc_images/\(name)"
            let isLabelled = question.object["abcLabel"]?.boolValue == true
            let hasLetters = isLabelled && files.picture(letters, in: [""]) != nil
            items.append(
                Item(
                    id: QuestionID(try question.string("questionId")),
                    text: prompt(member.key, options), answer: answer,
                    picture: hasLetters ? letters : "images/\(name)", options: lettered(options)))
        }
    }
}
