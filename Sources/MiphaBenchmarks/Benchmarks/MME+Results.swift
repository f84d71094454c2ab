import MiphaFiles

/// The responses to MME, task by task, two lines to an image.
struct MMEResults {
    /// A question with its response.
    struct Line: Sendable {
        let id: QuestionID
        let question: String
        let isYes: Bool
        /// nil where there is none.
        let response: String?
    }

    /// The two questions on an image.
    struct Pair: Sendable {
        let cluster: String
        var lines: [Line]
    }

    /// A task.
    struct Task: Sendable {
        let name: String
        var pairs: [Pair]
    }

    /// The tasks in the order they came.
    private(set) var tasks: [Task] = []
    /// Whether they are an official results folder, which holds the right answers, too.
    let isFolder: Bool
    /// Remarks.
    private(set) var notes: [String] = []

    /// Reads an official results folder, also packed in a zip archive; all 14 tasks must be there.
    ///
    /// - Throws: `EvaluationError` naming the file and line that breaks the format.
    init(folder: Predictions) throws(EvaluationError) {
        isFolder = true
        let files = try BenchmarkFiles(folder.path)
        for task in MME.tasks {
            let file = try files.file(
                ["\(task.name).txt"], what: "MME's results of the task \(task.name)")
            tasks.append(Task(name: task.name, pairs: try Self.pairs(file, task.name)))
        }
    }

    private static func pairs(
        _ file: SourceFile, _ task: String
    ) throws(EvaluationError) -> [Pair] {
        var pairs: [Pair] = []
        var picture = ""
        for (number, line) in try file.textLines("MME's results of \(task)").enumerated() {
            let columns = PythonText.split(line, "\t")
            guard columns.count == 4 else {
                throw MMEAnnotations.columnsError(
                    file.name, number, "image, question, answer and response", columns.count)
            }
            let isYes = try MMEAnnotations.yes(columns[2], "\(file.name):\(number + 1)")
            let isSecond = number % 2 == 1
            guard !isSecond || PythonText.equal(picture, columns[0]) else {
                throw EvaluationError(
                    .malformedFile,
                    "\(file.name):\(number + 1): expected the second question on \(picture), found "
                        + "one on \(columns[0]); two lines in a row belong to one image")
            }
            picture = columns[0]
            // The official scorer keeps the line feed, which no rule of it can see.
            let entry = Line(
                id: QuestionID("\(task)/\(picture)" + (isSecond ? "#2" : "")),
                question: columns[1], isYes: isYes, response: columns[3])
            if isSecond {
                pairs[pairs.count - 1].lines.append(entry)
            } else {
                pairs.append(Pair(cluster: "\(task)/\(picture)", lines: [entry]))
            }
        }
        guard pairs.last?.lines.count == 2 else {
            throw EvaluationError(
                .malformedFile,
                "\(file.name): \(pairs.count * 2 - 1) lines; expected two for each image")
        }
        return pairs
    }

    /// Reads LLaVA's answer lines and joins them with the questions.
    ///
    /// - Throws: `EvaluationError` naming an answer that belongs to no question.
    init(answers: Predictions, _ gold: MMEAnnotations) throws(EvaluationError) {
        isFolder = false
        var gold = gold
        var places: [MMEAnnotations.Key: (task: Int, pair: Int)] = [:]
        var given: [MMEAnnotations.Key: [String?]] = [:]
        var broken = 0
        for record in try answers.records() {
            let key = MMEAnnotations.key(record.id.text)
            let items = try gold.items(key, record.place)
            if places[key] == nil { places[key] = open(key, record.id) }
            var found = given[key] ?? items.map { _ in nil }
            let index = try Self.index(record, items, found, key, &gold)
            guard found[index] == nil else {
                throw EvaluationError(
                    .mismatch,
                    "\(record.place): the question \"\(items[index].question.prefix(120))\" on "
                        + "\(record.id) is answered twice")
            }
            found[index] = record.text
            given[key] = found
            if record.text.unicodeScalars.contains(where: { $0 == "\t" || $0 == "\n" }) {
                broken += 1
            }
        }
        try fill(places, given, &gold)
        if broken > 0 {
            notes.append(
                "\(broken) responses hold a tab or a line feed, which would break the official "
                    + "results folder; they were read as they are.")
        }
    }

    private mutating func open(
        _ key: MMEAnnotations.Key, _ id: QuestionID
    ) -> (task: Int, pair: Int) {
        let task: Int
        if let known = tasks.firstIndex(where: { $0.name == key.task }) {
            task = known
        } else {
            task = tasks.count
            tasks.append(Task(name: key.task, pairs: []))
        }
        tasks[task].pairs.append(Pair(cluster: RepeatedIDs.original(id).text, lines: []))
        return (task, tasks[task].pairs.count - 1)
    }

    /// Which question on its image a record answers: by its prompt, else by its number.
    private static func index(
        _ record: PredictionRecord, _ items: [MMEAnnotations.Item], _ found: [String?],
        _ key: MMEAnnotations.Key, _ gold: inout MMEAnnotations
    ) throws(EvaluationError) -> Int {
        if let prompt = record.prompt {
            let item = try gold.find(key, prompt: prompt, record.place)
            return items.indices.first {
                PythonText.equal(items[$0].question, item.question) && found[$0] == nil
            } ?? items.firstIndex { PythonText.equal($0.question, item.question) } ?? 0
        }
        let number = RepeatedIDs.original(record.id).number ?? 1
        if number > 1 { return min(number, items.count) - 1 }
        return found.firstIndex { $0 == nil } ?? 0
    }

    private mutating func fill(
        _ places: [MMEAnnotations.Key: (task: Int, pair: Int)],
        _ given: [MMEAnnotations.Key: [String?]], _ gold: inout MMEAnnotations
    ) throws(EvaluationError) {
        var missing = 0
        for (key, place) in places {
            let cluster = tasks[place.task].pairs[place.pair].cluster
            let items = try gold.items(key, cluster)
            guard items.count == 2 else {
                throw EvaluationError(
                    .wrongFile,
                    "\(cluster): expected two questions on each image of MME, found "
                        + "\(items.count)")
            }
            for (index, item) in items.enumerated() {
                let response = given[key]?[index]
                if response == nil { missing += 1 }
                tasks[place.task].pairs[place.pair].lines.append(
                    Line(
                        id: QuestionID(cluster + (index == 0 ? "" : "#\(index + 1)")),
                        question: item.question, isYes: item.isYes, response: response))
            }
        }
        if missing > 0 {
            notes.append("\(missing) questions on images with an answer have none: wrong.")
        }
        let absent = MME.tasks.map(\.name).filter { name in
            !tasks.contains { $0.name == name }
        }
        if !absent.isEmpty {
            notes.append(
                "No answers for \(absent.joined(separator: ", ")): the totals are sums over the "
                    + "other tasks.")
        }
    }
}
