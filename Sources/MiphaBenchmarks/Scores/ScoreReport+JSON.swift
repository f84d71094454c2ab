public import MiphaFiles

extension ScoreReport {
    /// The scores file: `benchmark`, `variant`, `headline`, `figures`, `counts`, `unresolved`,
    /// `notes`, `inputs` and, when known, `speed`.
    ///
    /// Doubles are written with the shortest digits that give them back; a value that is not
    /// finite is null.
    public var json: JSONValue {
        var object: JSONObject = [
            "benchmark": .string(benchmark), "variant": .string(variant),
            "headline": headline.map { Self.json($0) } ?? .null,
            "figures": .array(figures.map { Self.json($0) }),
            "counts": [
                "questions": .integer(counts.questions), "scored": .integer(counts.scored),
                "unparsed": .integer(counts.unparsed), "ambiguous": .integer(counts.ambiguous),
                "missing": .integer(counts.missing),
            ],
            "unresolved": .array(unresolved.map { Self.finite($0).json }),
            "notes": .array(notes.map { .string($0) }),
            "inputs": [
                "predictions": predictions.map { Self.json($0) } ?? .null,
                "annotations": .array(annotations.map { Self.json($0) }),
            ],
        ]
        if let speed {
            object["speed"] = [
                "questions_per_second": Self.number(speed.questionsPerSecond),
                "tower_calls": .integer(speed.towerCalls), "pictures": .integer(speed.pictures),
            ]
        }
        return .object(object)
    }

    /// Writes the scores file, whole or not at all.
    ///
    /// - Throws: `EvaluationError` when the file cannot be written.
    public func write(to path: String) throws(EvaluationError) {
        do {
            try json.write(to: path)
        } catch {
            throw EvaluationError(error)
        }
    }

    private static func json(_ figure: Figure) -> JSONValue {
        [
            "name": .string(figure.name),
            "dimension": figure.dimension.map { .string($0) } ?? .null,
            "part": figure.part.map { .string($0) } ?? .null,
            "value": number(figure.value), "unit": .string(figure.unit.rawValue),
            "count": figure.count.map { .integer($0) } ?? .null,
            "interval": figure.interval.map { .array([number($0.low), number($0.high)]) } ?? .null,
        ]
    }

    private static func json(_ input: Input) -> JSONValue {
        ["path": .string(input.path), "sha256": .string(input.sha256)]
    }

    private static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .double(value) : .null
    }

    private static func finite(_ item: ScoredItem) -> ScoredItem {
        guard !item.score.isFinite else { return item }
        var item = item
        item.score = 0
        return item
    }
}

extension ScoreReport {
    /// Reads a scores file.
    ///
    /// - Throws: `EvaluationError` naming the file and the key that is missing or wrong.
    public init(contentsOf path: String) throws(EvaluationError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: FileSystem.read(path, limit: 1 << 30), file: path)
        } catch {
            throw EvaluationError(error)
        }
        try self.init(json: value, file: path)
    }

    /// Reads what ``json`` gives.
    ///
    /// - Throws: `EvaluationError` naming the file and the key that is missing or wrong.
    public init(json: JSONValue, file: String) throws(EvaluationError) {
        let reader = ScoreReader(file: file)
        guard json.objectValue != nil else {
            throw reader.wrong("", "an object with \"benchmark\" and \"figures\"", json)
        }
        let counts = try reader.value(json, "counts")
        self.init(
            benchmark: try reader.text(json, "benchmark"),
            variant: try reader.text(json, "variant"),
            figures: try reader.list(json, "figures", reader.figure),
            counts: Counts(
                questions: try reader.count(counts, "questions"),
                scored: try reader.count(counts, "scored"),
                unparsed: try reader.count(counts, "unparsed"),
                ambiguous: try reader.count(counts, "ambiguous"),
                missing: try reader.count(counts, "missing")))
        unresolved = try reader.list(json, "unresolved", reader.item)
        notes = try reader.list(json, "notes") { (note, place) throws(EvaluationError) in
            guard let text = note.stringValue else { throw reader.wrong(place, "a string", note) }
            return text
        }
        let inputs = try reader.value(json, "inputs")
        if let predictions = inputs["predictions"], !predictions.isNull {
            self.predictions = try reader.input(predictions, "inputs.predictions")
        }
        annotations = try reader.list(inputs, "annotations", reader.input)
        if let speed = json["speed"], !speed.isNull {
            self.speed = Speed(
                questionsPerSecond: speed["questions_per_second"]?.doubleValue ?? .nan,
                towerCalls: try reader.count(speed, "tower_calls"),
                pictures: try reader.count(speed, "pictures"))
        }
    }
}

/// Takes the parts of a scores file out of its JSON.
private struct ScoreReader {
    let file: String

    func wrong(_ place: String, _ expected: String, _ found: JSONValue?) -> EvaluationError {
        let key = place.isEmpty ? "" : ": key \(place)"
        return EvaluationError(
            .wrongFile,
            "\(file)\(key): expected \(expected) of a scores file, found "
                + (found?.kind ?? "nothing"))
    }

    func value(_ object: JSONValue, _ key: String) throws(EvaluationError) -> JSONValue {
        guard let value = object[key] else { throw wrong(key, "a value", nil) }
        return value
    }

    func text(_ object: JSONValue, _ key: String) throws(EvaluationError) -> String {
        guard let text = object[key]?.stringValue else {
            throw wrong(key, "a string", object[key])
        }
        return text
    }

    func count(_ object: JSONValue, _ key: String) throws(EvaluationError) -> Int {
        guard let count = object[key]?.integerValue, count >= 0 else {
            throw wrong(key, "a number of things", object[key])
        }
        return count
    }

    func list<Element>(
        _ object: JSONValue, _ key: String,
        _ element: (JSONValue, String) throws(EvaluationError) -> Element
    ) throws(EvaluationError) -> [Element] {
        guard let values = object[key]?.arrayValue else {
            throw wrong(key, "an array", object[key])
        }
        var result: [Element] = []
        for (index, value) in values.enumerated() {
            result.append(try element(value, "\(key)[\(index)]"))
        }
        return result
    }

    /// A number; null stands for one that is not finite.
    func number(_ value: JSONValue?, _ place: String) throws(EvaluationError) -> Double {
        if value?.isNull == true { return .nan }
        guard let number = value?.doubleValue else { throw wrong(place, "a number", value) }
        return number
    }

    func figure(_ value: JSONValue, _ place: String) throws(EvaluationError) -> Figure {
        guard let unit = value["unit"]?.stringValue.flatMap(Figure.Unit.init) else {
            throw wrong("\(place).unit", "percent, fraction, points or count", value["unit"])
        }
        var figure = Figure(
            try text(value, "name"), dimension: value["dimension"]?.stringValue,
            part: value["part"]?.stringValue,
            value: try number(value["value"], "\(place).value"), unit: unit,
            count: value["count"]?.integerValue)
        if let interval = value["interval"], !interval.isNull {
            guard let ends = interval.arrayValue, ends.count == 2 else {
                throw wrong("\(place).interval", "two numbers", interval)
            }
            figure.interval = Figure.Interval(
                low: try number(ends[0], "\(place).interval"),
                high: try number(ends[1], "\(place).interval"))
        }
        return figure
    }

    func item(_ value: JSONValue, _ place: String) throws(EvaluationError) -> ScoredItem {
        guard let object = value.objectValue,
            let id = object["question_id"].flatMap(QuestionID.init),
            let status = object["status"]?.stringValue.flatMap(ScoredItem.Status.init)
        else { throw wrong(place, "an answer with question_id and status", value) }
        let known = [
            "question_id", "score", "status", "prediction", "parsed", "expected", "cluster",
        ]
        return ScoredItem(
            id: id, score: try number(object["score"], "\(place).score"), status: status,
            prediction: object["prediction"]?.stringValue ?? "",
            parsed: object["parsed"]?.stringValue,
            expected: object["expected"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            cluster: object["cluster"]?.stringValue ?? "",
            groups: object.members.compactMap { member in
                guard !known.contains(member.key), let part = member.value.stringValue else {
                    return nil
                }
                return ScoredItem.Group(member.key, part)
            })
    }

    func input(_ value: JSONValue, _ place: String) throws(EvaluationError) -> ScoreReport.Input {
        guard let path = value["path"]?.stringValue, let sum = value["sha256"]?.stringValue else {
            throw wrong(place, "a path and its sha256", value)
        }
        return ScoreReport.Input(path: path, sha256: sum)
    }
}
