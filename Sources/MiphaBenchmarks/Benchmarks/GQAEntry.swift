import MiphaFiles

/// A question of GQA's files.
struct GQAEntry {
    let id: QuestionID
    let question: String
    let image: String
    let isBalanced: Bool
    let answer: String?
    let structural: String
    let semantic: String
    let detailed: String
    /// Reasoning steps but the last look-up.
    let steps: Int
    /// Number of words of the question.
    let words: Int
    /// The kind of question whose answers are compared as a distribution.
    let group: String?

    /// Reads a question.
    ///
    /// - Parameter place: names it in messages.
    init(_ id: String, _ value: JSONValue, _ place: String) throws(EvaluationError) {
        func missing(_ key: String) -> EvaluationError {
            EvaluationError(
                .wrongFile,
                "\(place): expected GQA's questions, a map from id to question, imageId, "
                    + "isBalanced, answer, types and semantic; question \(id.prefix(40)) has no "
                    + "\(key)")
        }
        guard let object = value.objectValue else { throw missing("fields at all") }
        guard let question = object["question"]?.stringValue else { throw missing("question") }
        guard let image = object["imageId"].flatMap(QuestionID.init) else {
            throw missing("imageId")
        }
        guard let isBalanced = object["isBalanced"]?.boolValue else { throw missing("isBalanced") }
        self.id = QuestionID(id)
        self.question = question
        self.image = image.text
        self.isBalanced = isBalanced
        answer = object["answer"]?.stringValue
        group = object["groups"]?["global"]?.stringValue
        words = PythonText.split(question).count
        if let structural = object["types"]?["structural"]?.stringValue,
            let semantic = object["types"]?["semantic"]?.stringValue
        {
            self.structural = structural
            self.semantic = semantic
        } else if answer == nil || !isBalanced {
            (structural, semantic) = ("", "")
        } else {
            throw missing("types")
        }
        detailed = object["types"]?["detailed"]?.stringValue ?? ""
        if let operations = object["semantic"]?.arrayValue {
            steps = operations.count { !Self.isLookUp($0) }
        } else if answer == nil || !isBalanced {
            steps = 0
        } else {
            throw missing("semantic")
        }
    }

    private static func isLookUp(_ step: JSONValue) -> Bool {
        func text(_ key: String) -> String { step[key]?.stringValue ?? "None" }
        let line = "\(text("operation")): \(text("argument"))"
        return ["exist", "query: name", "choose name"].contains { PythonText.contains(line, $0) }
    }
}

extension GQA {
    /// Calls `body` with every question of the annotations in the order of the file, one of which
    /// is in memory at a time: those of the training split are a gigabyte and more.
    static func forEachEntry(
        _ files: BenchmarkFiles, _ body: (GQAEntry) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        let file = try files.file(
            annotationNames, what: "GQA's questions (testdev_balanced_questions.json)")
        var isEmpty = true
        try file.forEachMember(
            "GQA's questions, a map from id to question such as testdev_balanced_questions.json"
        ) { (key, value) throws(EvaluationError) in
            isEmpty = false
            if let object = value.objectValue {
                try file.check(object, questionFields, "\(file.name): question \(key)")
            }
            try body(GQAEntry(key, value, file.name))
        }
        guard !isEmpty else {
            throw EvaluationError(.wrongFile, "\(file.name): no questions of GQA in it")
        }
    }
}

/// The valid and the plausible answers by question (`val_choices.json`).
struct GQAChoices {
    private let name: String
    private var choices: [QuestionID: (valid: [JSONValue], plausible: [JSONValue])] = [:]

    /// Reads the file beside the questions; nil without one.
    ///
    /// - Parameter isWanted: whether a question's choices are kept.
    init?(
        _ files: BenchmarkFiles, where isWanted: (QuestionID) -> Bool
    ) throws(EvaluationError) {
        guard !files.isFile, let file = try files.optionalFile(GQA.choiceNames) else { return nil }
        name = file.name
        try file.forEachMember("GQA's choices, a map from id to valid and plausible") {
            (key, value) throws(EvaluationError) in
            let id = QuestionID(key)
            if let object = value.objectValue {
                try file.check(object, GQA.choiceFields, "\(file.name): question \(key)")
            }
            guard isWanted(id), let valid = value["valid"]?.arrayValue,
                let plausible = value["plausible"]?.arrayValue
            else { return }
            choices[id] = (valid, plausible)
        }
    }

    /// Whether an answer is one of the valid, and one of the plausible answers.
    func verdict(
        _ answer: String, _ entry: GQAEntry
    ) throws(EvaluationError) -> (isValid: Bool, isPlausible: Bool) {
        guard let (valid, plausible) = choices[entry.id] else {
            throw EvaluationError(
                .mismatch,
                "\(name): no valid and plausible answers for question \(entry.id) of GQA")
        }
        if PythonText.contains(entry.detailed, "Common") {
            let isKnown = ["color", "material", "shape"].contains { PythonText.equal($0, answer) }
            return (isKnown, isKnown)
        }
        func holds(_ group: [JSONValue]) -> Bool {
            group.contains { $0.stringValue.map { PythonText.equal($0, answer) } ?? false }
        }
        return (holds(valid), holds(plausible))
    }
}

/// How far the distribution of answers is from that of the right ones, by kind of question.
///
/// For each kind the sum of (o - e)² / e over its right answers, weighted by its size. Answers
/// that are right for no question of the kind do not count.
struct GQAChiSquare {
    private struct Kind {
        var answers: [(gold: Int, predicted: Int)] = []
        var places: [QuestionID: Int] = [:]
        var others: [QuestionID: Int] = [:]
    }

    private var kinds: [Kind] = []
    private var places: [QuestionID: Int] = [:]

    /// Counts a question.
    mutating func add(gold: String, predicted: String, group: String) {
        let kind = places[QuestionID(group)] ?? kinds.count
        if kind == kinds.count {
            kinds.append(Kind())
            places[QuestionID(group)] = kind
        }
        let (gold, predicted) = (QuestionID(gold), QuestionID(predicted))
        if let place = kinds[kind].places[gold] {
            kinds[kind].answers[place].gold += 1
        } else {
            kinds[kind].places[gold] = kinds[kind].answers.count
            kinds[kind].answers.append((1, kinds[kind].others.removeValue(forKey: gold) ?? 0))
        }
        if let place = kinds[kind].places[predicted] {
            kinds[kind].answers[place].predicted += 1
        } else {
            kinds[kind].others[predicted, default: 0] += 1
        }
    }

    /// The weighted mean; nil without questions.
    var value: Double? {
        var (total, size) = (0.0, 0)
        for kind in kinds {
            var (score, count) = (0.0, 0)
            for answer in kind.answers {
                let distance = Double(answer.predicted - answer.gold)
                score += distance * distance / Double(answer.gold)
                count += answer.gold
            }
            total += score * Double(count)
            size += count
        }
        return size == 0 ? nil : total / Double(size)
    }
}
