import MiphaFiles

/// SEED-Bench, first version: 19,242 questions with four options on images and videos
/// (Li et al., arXiv 2307.16125).
///
/// Files: the authors' `SEED-Bench.json` with `questions` and `question_type`; images in
/// `SEED-Bench-image`, the middle frame of each video as LLaVA lays it out in
/// `SEED-Bench-video-image`, `{type}_{question id}.png`. Predictions: LLaVA's answer lines or the
/// leaderboard's `{question_id, prediction}` lines.
///
/// Two questions have the id 49914; the second is asked as `49914#2`. Where LLaVA's files answer it
/// twice under the plain id, its scorer takes the last answer for both, and so does the variant
/// `llava`; `lmms-eval` gives each question its own.
///
/// Damage: a byte order mark is accepted; a missing answer counts as wrong; broken JSON, answers
/// other than A to D, unknown types and data kinds, unknown question ids and two different answers
/// to a question that is there once are errors. LLaVA's script fails for a type without any right
/// answer; here it is 0.
///
/// Reference: haotian-liu/LLaVA `scripts/convert_seed_for_submission.py`; lmms-eval
/// `tasks/seedbench/utils.py`.
package struct SEEDBench: Benchmark {
    static let file = "SEED-Bench.json"

    /// Makes the benchmark.
    package init() {}

    /// Name, files and variants.
    package var card: BenchmarkCard {
        BenchmarkCard(
            id: "seed", title: "SEED-Bench", split: "v1",
            variants: [
                .init("llava", "LLaVA: the answer is exactly the letter"),
                .init("lmms-eval", "lmms-eval: the first character in either case is the letter"),
            ],
            files: [
                .init(
                    [Self.file], content: "questions, options and answers",
                    origin: "https://huggingface.co/datasets/AILab-CVC/SEED-Bench"),
                .init(
                    ["SEED-Bench-image", "SEED-Bench-video-image"],
                    content: "images and middle frames of videos",
                    origin: "https://huggingface.co/datasets/AILab-CVC/SEED-Bench; frames by "
                        + "LLaVA's extract_video_frames.py"),
            ],
            licence: "CC BY-NC 4.0 (annotations); images and videos under their own",
            folders: ["seed_bench"], columns: [("accuracy", "SEED")])
    }

    struct Item: Sendable {
        let id: QuestionID
        let text: String
        let answer: String
        let type: Int
        let typeName: String
        let kind: String
        let picture: String
    }

    /// The questions of the authors' file with LLaVA's prompt.
    package func questions(_ files: BenchmarkFiles) throws(EvaluationError) -> [Question] {
        try Self.items(files).map { item in
            let picture =
                files.isFile ? nil : files.picture(item.picture, in: ["", "seed_bench"])
            return Question(
                id: item.id, text: item.text,
                pictures: [
                    picture
                        ?? PictureSource(
                            name: item.picture, place: .file("\(files.path)/\(item.picture)"))
                ],
                category: item.typeName, expected: [item.answer])
        }
    }

    /// Scores answers; figures by the dimensions `data_type` and `type`.
    package func score(
        _ predictions: Predictions, against files: BenchmarkFiles, variant: BenchmarkCard.Variant,
        into recorder: inout ScoreRecorder
    ) throws(EvaluationError) {
        let items = try Self.items(files)
        let isHarness = variant.name == "lmms-eval"
        let answers = try Self.answers(predictions, to: items, isHarness, &recorder)
        for (item, answer) in zip(items, answers) {
            let letter = answer.map { isHarness ? Self.first($0) : $0 } ?? ""
            let isRight =
                answer != nil
                && (isHarness
                    ? PythonText.equal(
                        PythonText.lower(letter), PythonText.lower(item.answer))
                    : PythonText.equal(letter, item.answer))
            let isLetter =
                letter.utf8.count == 1
                && (isHarness ? "ABCDabcd" : "ABCD").utf8.contains(letter.utf8.first ?? 0)
            try recorder.record(
                ScoredItem(
                    id: item.id, score: isRight ? 1 : 0,
                    status: answer == nil ? .missing : isLetter ? .scored : .unparsed,
                    prediction: answer ?? "", parsed: isLetter ? letter.uppercased() : nil,
                    expected: [item.answer], cluster: item.picture,
                    groups: [.init("data_type", item.kind), .init("type", item.typeName)]))
        }
        recorder.addMeans(
            "accuracy", by: ["data_type", "type"], unit: isHarness ? .fraction : .percent
        ) { total, count in
            let share = total / Double(max(count, 1))
            return isHarness ? share : share * 100
        }
    }

    /// What lmms-eval compares: the first code point of the stripped answer.
    private static func first(_ answer: String) -> String {
        String(String.UnicodeScalarView(PythonText.strip(answer).unicodeScalars.prefix(1)))
    }
}

extension SEEDBench {
    /// The questions, ids made distinct.
    static func items(_ files: BenchmarkFiles) throws(EvaluationError) -> [Item] {
        let what = "SEED-Bench's questions (\(file))"
        let source = try files.file([file, "seed_bench/\(file)"], what: what)
        let object = try source.object(what)
        guard let list = object["questions"]?.arrayValue,
            let types = object["question_type"]?.objectValue
        else {
            throw EvaluationError(
                .wrongFile,
                "\(source.name): expected SEED-Bench.json with \"questions\" and "
                    + "\"question_type\", found \(object.found)")
        }
        try source.check(object, fileFields, source.name)
        var names: [Int: String] = [:]
        for member in types.members {
            guard let number = member.value.integerValue else {
                throw EvaluationError(
                    .wrongFile,
                    "\(source.name): expected a number for the question type \"\(member.key)\"")
            }
            names[number] = member.key
        }
        var ids = RepeatedIDs()
        var items: [Item] = []
        for (index, element) in list.enumerated() {
            let place = "\(source.name): question \(index)"
            guard let object = element.objectValue else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected an object, found \(element.kind)")
            }
            try source.check(object, questionFields, place)
            items.append(
                try item(PlacedObject(object: object, place: place, what: what), names, &ids))
        }
        return items
    }

    private static func item(
        _ entry: PlacedObject, _ names: [Int: String], _ ids: inout RepeatedIDs
    ) throws(EvaluationError) -> Item {
        guard let id = entry.object["question_id"].flatMap({ QuestionID($0) }) else {
            throw entry.wrong("question_id", "a number or a string")
        }
        let type = try entry.integer("question_type_id")
        guard let name = names[type] else {
            throw EvaluationError(
                .wrongFile, "\(entry.place): the question type \(type) is not in question_type")
        }
        let kind = try entry.string("data_type")
        guard kind == "image" || kind == "video" else {
            throw EvaluationError(
                .wrongFile,
                "\(entry.place): expected the data_type image or video of SEED-Bench v1, found "
                    + "\"\(kind)\"")
        }
        let answer = try entry.string("answer")
        guard ["A", "B", "C", "D"].contains(where: { PythonText.equal($0, answer) }) else {
            throw EvaluationError(
                .malformedFile, "\(entry.place): expected an answer A to D, found \"\(answer)\"")
        }
        var text = try entry.string("question")
        for letter in ["a", "b", "c", "d"] {
            text += "\n\(letter.uppercased()). \(try entry.string("choice_\(letter)"))"
        }
        let picture =
            kind == "image"
            ? "SEED-Bench-image/\(try entry.string("data_id"))"
            : "SEED-Bench-video-image/\(type)_\(id.text).png"
        // LLaVA's question file holds ids of images as numbers.
        let asked = Int(id.text).map { QuestionID($0) } ?? id
        return Item(
            id: ids.distinct(asked), text: text + PromptSuffix.letter, answer: answer, type: type,
            typeName: name, kind: kind, picture: picture)
    }

    /// The answer to each question; nil where there is none.
    private static func answers(
        _ predictions: Predictions, to items: [Item], _ isHarness: Bool,
        _ recorder: inout ScoreRecorder
    ) throws(EvaluationError) -> [String?] {
        let known = Set(items.map(\.id))
        let repeated = Set(
            items.compactMap { item in
                let (text, number) = RepeatedIDs.original(item.id)
                return number == nil ? nil : QuestionID(text)
            })
        var given: [QuestionID: [PredictionRecord]] = [:]
        var unknown: [QuestionID] = []
        for record in try predictions.records() {
            if !known.contains(record.id) { unknown.append(record.id) }
            given[record.id, default: []].append(record)
        }
        guard unknown.isEmpty else {
            throw .unknownIDs(unknown, of: "SEED-Bench's questions", in: predictions.path)
        }
        for (id, records) in given where !repeated.contains(id) {
            guard let other = records.first(where: { !PythonText.equal($0.text, records[0].text) })
            else { continue }
            throw EvaluationError(
                .mismatch,
                "question \(id) has two different answers, at \(records[0].place) and "
                    + other.place)
        }
        let result = items.map { item -> String? in
            let (text, number) = RepeatedIDs.original(item.id)
            let own = given[item.id] ?? []
            guard number != nil || repeated.contains(item.id) else { return own.last?.text }
            if number != nil, let last = own.last { return last.text }
            let shared = given[QuestionID(text)] ?? []
            guard isHarness else { return shared.last?.text }
            return shared.indices.contains((number ?? 1) - 1)
                ? shared[(number ?? 1) - 1].text : shared.last?.text
        }
        let missing = result.count { $0 == nil }
        recorder.noteMissing(missing)
        for id in repeated.sorted(by: { $0.text < $1.text })
        where !isHarness && (given[id]?.count ?? 0) > 1 {
            recorder.note(
                "Question id \(id) is used twice; as in LLaVA's scorer its last answer counts for "
                    + "both questions.")
        }
        return result
    }
}
