import MiphaFiles

extension Custom {
    func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        let names = card.files[0].names
        let file = try files.file(names, what: "question file of your own")
        let objects = try file.objects(
            "questions of LLaVA's formats ({id, image, conversations} or "
                + "{question_id, image, text, answer})", Self.questionFields)
        let ids = try ids(objects)
        let kinds = try kinds(files, beside: file.name)
        var items: [Item] = []
        for (placed, id) in zip(objects, ids) {
            let (text, answers) = try content(placed, file)
            guard !answers.isEmpty else {
                throw EvaluationError(
                    .wrongFile, "\(placed.place): question \(id) has no right answer")
            }
            var groups: [ScoredItem.Group] = []
            if let kind = kinds[id] ?? placed.object["kind"]?.stringValue {
                groups.append(.init("kind", kind))
            }
            let category = placed.object["category"]?.stringValue
            if let category { groups.append(.init("category", category)) }
            items.append(
                Item(
                    id: id, place: placed.place, text: text, images: try images(placed),
                    answers: answers, groups: groups,
                    category: category ?? groups.first?.part ?? "default"))
        }
        return items
    }

    private func ids(_ objects: [PlacedObject]) throws(EvaluationError) -> [QuestionID] {
        let given = objects.map { placed in
            (placed.object["question_id"] ?? placed.object["id"]).flatMap(QuestionID.init)
        }
        if given.allSatisfy({ $0 == nil }) { return objects.indices.map { QuestionID($0) } }
        var ids: [(id: QuestionID, place: String)] = []
        for (placed, id) in zip(objects, given) {
            guard let id else {
                throw EvaluationError(
                    .wrongFile,
                    "\(placed.place): expected an id (question_id or id: a number or a text) as "
                        + "other questions of the file have")
            }
            ids.append((id, placed.place))
        }
        try Matching.requireDistinct(ids, benchmark: card.title)
        return ids.map(\.id)
    }

    private func content(
        _ placed: PlacedObject, _ file: SourceFile
    ) throws(EvaluationError) -> (text: String, answers: [String]) {
        let given = { (names: [String]) in names.filter { placed.object[$0] != nil } }
        for names in [["question", "text"], ["answer", "answers", "conversations"]] {
            let present = given(names)
            guard present.count < 2 else {
                throw EvaluationError(
                    .wrongFile,
                    "\(placed.place): found \(present.map(\.quoted).joined(separator: " and ")), "
                        + "of which only one can be read; leave the others out")
            }
        }
        if let turns = placed.object["conversations"] {
            return try conversation(turns, placed.place, file)
        }
        let text = Self.withoutMarker(
            try placed.string(placed.object["question"] == nil ? "text" : "question"))
        if let answer = placed.object["answer"] {
            return (text, try answers(answer, placed.place))
        }
        guard let list = placed.object["answers"] else {
            throw EvaluationError(
                .wrongFile,
                "\(placed.place): expected \"answer\", \"answers\" or \"conversations\", found the "
                    + "keys " + placed.object.keys.prefix(8).joined(separator: ", "))
        }
        return (text, try answers(list, placed.place))
    }

    private func answers(
        _ value: JSONValue, _ place: String
    ) throws(EvaluationError) -> [String] {
        let values = value.arrayValue ?? [value]
        // VQA's annotations wrap every answer in an object.
        let texts = values.compactMap { $0.stringValue ?? $0["answer"]?.stringValue }
        guard texts.count == values.count else {
            throw EvaluationError(
                .wrongFile, "\(place): expected a text or a list of texts as right answers")
        }
        return texts
    }

    private func conversation(
        _ value: JSONValue, _ place: String, _ file: SourceFile
    ) throws(EvaluationError) -> (text: String, answers: [String]) {
        let turns = value.arrayValue ?? []
        let speakers = turns.map { $0["from"]?.stringValue }
        guard let human = speakers.firstIndex(where: { $0 == "human" || $0 == "user" }),
            let question = turns[human]["value"]?.stringValue,
            human + 1 < turns.count,
            speakers[human + 1] == "gpt" || speakers[human + 1] == "assistant",
            let answer = turns[human + 1]["value"]?.stringValue
        else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected conversations [{from: human, value}, {from: gpt, value}]")
        }
        guard human == 0 else {
            throw EvaluationError(
                .wrongFile,
                "\(place): expected conversations that begin with a human turn, found "
                    + "\((speakers[0] ?? "a turn of an unknown speaker").quoted); prompts are asked without "
                    + "what stands before the question")
        }
        if turns.count > 2 {
            file.watch?.remark(
                "\(file.name): of conversations with several questions only the first one is asked "
                    + "and scored")
        }
        return (Self.withoutMarker(question), [answer])
    }

    private func images(_ placed: PlacedObject) throws(EvaluationError) -> [String] {
        let lists = try ["image", "images"].map { (key) throws(EvaluationError) in
            guard let value = placed.object[key], !value.isNull else { return [String]() }
            let values = value.arrayValue ?? [value]
            let names = values.compactMap(\.stringValue)
            guard names.count == values.count else {
                throw EvaluationError(
                    .wrongFile,
                    "\(placed.place): expected a file name, or a list of names, under \"\(key)\"")
            }
            return names
        }
        guard lists[0].isEmpty || lists[1].isEmpty || lists[0] == lists[1] else {
            throw EvaluationError(
                .wrongFile,
                "\(placed.place): \"image\" and \"images\" name different images; leave one out")
        }
        return lists[0].isEmpty ? lists[1] : lists[0]
    }

    /// The question without image markers and the line breaks around them.
    private static func withoutMarker(_ text: String) -> String {
        guard PythonText.contains(text, "<image>") else { return text }
        var rest = text
        for marker in ["<image>\n", "\n<image>", "<image>"] {
            rest = PythonText.replace(rest, marker, "")
        }
        return PythonText.strip(rest)
    }

    /// The kinds of `NAME-kinds.json` beside `NAME.json`.
    private func kinds(
        _ files: BenchmarkFiles, beside name: String
    ) throws(EvaluationError) -> [QuestionID: String] {
        guard let end = [".jsonl", ".json"].first(where: { name.hasSuffix($0) }) else { return [:] }
        let path = name.dropLast(end.count) + "-kinds.json"
        let found: SourceFile?
        if files.isFile {
            guard FileSystem.kind(String(path)) == .file else { return [:] }
            found = try BenchmarkFiles(String(path)).optionalFile([])
        } else {
            found = try files.optionalFile([FileSystem.name(of: String(path))])
        }
        guard let file = found else { return [:] }
        var kinds: [QuestionID: String] = [:]
        for placed in try file.objects("kinds of questions, {id, kind}", Self.kindFields) {
            guard
                let id = (placed.object["question_id"] ?? placed.object["id"])
                    .flatMap(QuestionID.init)
            else {
                throw EvaluationError(.wrongFile, "\(placed.place): expected an id and a kind")
            }
            kinds[id] = try placed.string("kind")
        }
        return kinds
    }
}
