import MiphaFiles

/// The answers to ChartQA's questions in any of the formats that are in use.
struct ChartQAAnswers {
    /// What names a question whose id the file does not hold.
    private struct Key: Hashable {
        let image: ExactString
        let query: ExactString?

        init(_ image: String, _ query: String?) {
            self.image = ExactString(image)
            self.query = query.map { ExactString($0) }
        }
    }

    private(set) var answers: [QuestionID: String] = [:]
    private let items: [ChartQA.Item]
    private var places: [QuestionID: String] = [:]
    private let predictions: Predictions
    private static let texts = PredictionFields.common.answers
    private static let queries = ["query", "question"]
    private static let images = ["imgname", "image"]

    init(_ predictions: Predictions, items: [ChartQA.Item]) throws(EvaluationError) {
        self.items = items
        self.predictions = predictions
        for file in try Self.files(predictions) { try read(file) }
    }

    /// The file, or all JSON files of the folder in the order of their names.
    private static func files(
        _ predictions: Predictions
    ) throws(EvaluationError) -> [Predictions] {
        guard predictions.isFolder else { return [predictions] }
        let names: [String]
        do {
            names = try FileSystem.list(predictions.path)
        } catch {
            throw EvaluationError(error)
        }
        var files: [Predictions] = []
        for name in names where name.hasSuffix(".json") || name.hasSuffix(".jsonl") {
            files.append(predictions.file(name))
        }
        guard !files.isEmpty else {
            throw EvaluationError(
                .missingFile,
                "\(predictions.path): expected ChartQA predictions, *.json or *.jsonl, found none")
        }
        return files
    }

    private mutating func read(_ file: Predictions) throws(EvaluationError) {
        var elements: [PlacedObject] = []
        try file.forEachElement { (value, place) throws(EvaluationError) in
            guard let object = value.objectValue else {
                throw EvaluationError(
                    .wrongFile, "\(place): expected a ChartQA prediction, found \(value.kind)")
            }
            try predictions.watch.check(object, ChartQA.answerFields, in: file.path, place)
            elements.append(PlacedObject(object: object, place: place, what: "ChartQA prediction"))
        }
        let first = elements.first?.object
        if PredictionFields.common.ids.contains(where: { first?[$0] != nil }) {
            for record in try file.records() { try set(record.id, record.text, record.place) }
        } else if Self.images.contains(where: { first?[$0] != nil }) {
            try readNamed(elements)
        } else if first?["annotation"] != nil {
            try readPositional(elements, file.path)
        } else {
            for record in try file.records() { try set(record.id, record.text, record.place) }
        }
    }

    private mutating func set(
        _ id: QuestionID, _ text: String, _ place: String
    ) throws(EvaluationError) {
        if let earlier = answers[id], !PythonText.equal(earlier, text) {
            throw EvaluationError(
                .mismatch,
                "question \(id) has two different answers, at \(places[id] ?? "?") and \(place)")
        }
        answers[id] = text
        places[id] = place
    }

    /// Answers that name image and question; equal names are taken in the order of the files.
    private mutating func readNamed(_ elements: [PlacedObject]) throws(EvaluationError) {
        var open: [Key: [QuestionID]] = [:]
        var byImage: [ExactString: Int] = [:]
        for item in items {
            open[Key(item.image, item.query), default: []].append(item.id)
            open[Key(item.image, nil), default: []].append(item.id)
            byImage[ExactString(item.image), default: 0] += 1
        }
        for element in elements {
            let object = element.object
            guard let image = Self.images.lazy.compactMap({ object[$0]?.stringValue }).first,
                let text = try predictions.answer(of: object, Self.texts, element.place)
            else {
                throw EvaluationError(
                    .wrongFile,
                    "\(element.place): expected imgname, query and answer, found "
                        + object.found)
            }
            let query = Self.queries.lazy.compactMap { object[$0]?.stringValue }.first
            let count = byImage[ExactString(image)] ?? 0
            if query == nil, count > 1 {
                throw EvaluationError(
                    .mismatch,
                    "\(element.place): image \(image) has \(count) questions; "
                        + "expected \"query\" beside it")
            }
            let key = Key(image, query)
            guard let ids = open[key] else {
                throw EvaluationError(
                    .mismatch,
                    "\(element.place): there is no question on \(image)"
                        + (query.map { " that reads \"\($0)\"" } ?? ""))
            }
            try set(ids[0], text, element.place)
            if ids.count > 1 { open[key] = Array(ids.dropFirst()) }
        }
    }

    /// Answers in the order of the questions, with the right answer beside each.
    private mutating func readPositional(
        _ elements: [PlacedObject], _ file: String
    ) throws(EvaluationError) {
        let candidates = [items] + ChartQA.parts.map { part in items.filter { $0.part == part } }
        let fitting = candidates.first { candidate in
            candidate.count == elements.count
                && zip(candidate, elements).allSatisfy { item, element in
                    let value = element.object["annotation"]
                    let text = value?.stringValue ?? value?.arrayValue?.first?.stringValue
                    return text.map { PythonText.equal($0, item.label) } ?? false
                }
        }
        guard let fitting else {
            throw EvaluationError(
                .mismatch,
                "\(file): \(elements.count) answers with annotations, which do not agree with the "
                    + "labels of either half or both; expected the order of the files")
        }
        for (item, element) in zip(fitting, elements) {
            guard
                let text = try predictions.answer(of: element.object, Self.texts, element.place)
            else {
                throw EvaluationError(
                    .wrongFile, "\(element.place): expected an \"answer\" beside the annotation")
            }
            try set(item.id, text, element.place)
        }
    }
}
