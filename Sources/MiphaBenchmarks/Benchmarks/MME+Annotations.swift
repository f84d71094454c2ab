import MiphaFiles

/// The questions and gold answers of MME, read task by task or image by image.
struct MMEAnnotations {
    /// One question.
    struct Item: Sendable {
        /// The image's file name, with its folder `images/` where the task has one.
        let picture: String
        let question: String
        let isYes: Bool
    }

    /// Where a question belongs: its task and the name of its image without the extension.
    struct Key: Hashable, Sendable {
        let task: String
        let stem: String

        static func == (left: Self, right: Self) -> Bool {
            PythonText.equal(left.task, right.task) && PythonText.equal(left.stem, right.stem)
        }
    }

    private let files: BenchmarkFiles
    private var known: [Key: [Item]] = [:]
    private var readTasks: Set<ExactString> = []

    init(_ files: BenchmarkFiles) {
        self.files = files
    }

    /// The task and image of a question id `task/.../picture.ext`, cut as LLaVA's converter does.
    static func key(_ id: String) -> Key {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        let stem = (parts.last ?? "").prefix { $0 != "." && $0 != "#" }
        return Key(task: String(parts.first ?? ""), stem: String(stem))
    }

    private static let roots = ["", "MME_Benchmark_release_version/", "MME_Benchmark/"]
    private static let tables = ["", "eval_tool/Your_Results/", "Your_Results/"]

    /// The questions on an image.
    ///
    /// - Throws: `EvaluationError` naming the files that were looked for.
    mutating func items(_ key: Key, _ place: String) throws(EvaluationError) -> [Item] {
        if let items = known[key] { return items }
        if readTasks.insert(ExactString(key.task)).inserted, let file = try table(key.task) {
            for item in try Self.tableItems(file, key.task) {
                known[Self.key("\(key.task)/\(item.picture)"), default: []].append(item)
            }
        }
        if known[key] == nil, let (file, isSplit) = try text(key) {
            known[key] = try Self.textItems(file, isSplit ? "images/\(key.stem)" : key.stem)
        }
        if let items = known[key] { return items }
        let task = key.task
        guard MME.tasks.contains(where: { $0.name == task }) else {
            throw EvaluationError(
                .mismatch,
                "\(place): the question id names the task \"\(task)\"; MME has "
                    + MME.tasks.map(\.name).joined(separator: ", "))
        }
        throw EvaluationError(
            .missingFile,
            "\(files.path): no questions of MME's task \(task) on image \(key.stem) "
                + "(asked for at \(place)); expected MME_Benchmark_release_version or eval_tool's "
                + "Your_Results, looked for \(task)/\(key.stem).txt and \(task).txt")
    }

    /// The text of an image, and whether it lies in a folder of its own.
    ///
    /// A text of the same name in another task's folder is none.
    private func text(
        _ key: Key
    ) throws(EvaluationError) -> (file: SourceFile, isSplit: Bool)? {
        guard !files.isFile else { return nil }
        for folder in ["\(key.task)/questions_answers_YN", key.task] {
            let names = Self.roots.map { "\($0)\(folder)/\(key.stem).txt" }
            if let file = try files.optionalFile(names, isWhole: true) {
                return (file, folder != key.task)
            }
        }
        return nil
    }

    /// The question that a prompt of LLaVA asks.
    ///
    /// - Throws: `EvaluationError` with the prompt and a question that there is.
    mutating func find(
        _ key: Key, prompt: String, _ place: String
    ) throws(EvaluationError) -> Item {
        let items = try items(key, place)
        for question in Self.candidates(prompt) {
            if let item = items.first(where: { PythonText.equal($0.question, question) }) {
                return item
            }
        }
        throw EvaluationError(
            .mismatch,
            "\(place): \"\(prompt.prefix(120))\" is not a question on \(key.task)/\(key.stem); there "
                + "is, for instance, \"\(items.first?.question.prefix(120) ?? "none")\"")
    }

    /// The official questions that a prompt may stand for, in LLaVA's order of preference.
    private static func candidates(_ prompt: String) -> [String] {
        let short = PythonText.strip(PromptSuffix.short)
        var text = prompt
        if PythonText.contains(text, short) {
            text = PythonText.strip(PythonText.replace(text, short, ""))
        }
        if PythonText.contains(text, MME.instruction) { return [text] }
        return ["\(text) \(MME.instruction)", "\(text)  \(MME.instruction)"]
    }

    /// All questions of a task in the order of the images' names, or of the task's table.
    ///
    /// - Throws: `EvaluationError` when the task is not there.
    func all(_ task: String) throws(EvaluationError) -> [Item] {
        if let file = try table(task) { return try Self.tableItems(file, task) }
        var result: [Item] = []
        for folder in Self.roots.flatMap({
            ["\($0)\(task)/questions_answers_YN", "\($0)\(task)"]
        }) {
            let names = files.names(in: folder)
            let pictures = files.names(
                in: folder.hasSuffix("_YN") ? "\(folder.dropLast(21))/images" : folder)
            for name in names where name.hasSuffix(".txt") {
                let stem = name.dropLast(4)
                let picture = pictures.first {
                    !$0.hasSuffix(".txt") && $0.prefix { $0 != "." } == stem
                }
                let shown = picture ?? "\(stem).jpg"
                guard let file = try files.optionalFile(["\(folder)/\(name)"], isWhole: true) else {
                    continue
                }
                result += try Self.textItems(
                    file, folder.hasSuffix("_YN") ? "images/\(shown)" : shown)
            }
            if !result.isEmpty { return result }
        }
        throw EvaluationError(
            .missingFile,
            "\(files.path): MME's task \(task) not found; expected "
                + "MME_Benchmark_release_version/\(task) with texts of questions, or "
                + "eval_tool/Your_Results/\(task).txt")
    }

    private func table(_ task: String) throws(EvaluationError) -> SourceFile? {
        if files.isFile { return nil }
        return try files.optionalFile(Self.tables.map { "\($0)\(task).txt" })
    }

    private static func tableItems(
        _ file: SourceFile, _ task: String
    ) throws(EvaluationError) -> [Item] {
        var items: [Item] = []
        for (number, line) in try file.textLines("MME's task \(task)").enumerated() {
            let columns = PythonText.split(line, "\t")
            guard columns.count == 3 || columns.count == 4 else {
                throw columnsError(file.name, number, "image, question and answer", columns.count)
            }
            let isYes = try yes(columns[2], "\(file.name):\(number + 1)")
            items.append(Item(picture: columns[0], question: columns[1], isYes: isYes))
        }
        return items
    }

    private static func textItems(
        _ file: SourceFile, _ picture: String
    ) throws(EvaluationError) -> [Item] {
        var items: [Item] = []
        for (number, line) in try file.textLines("MME's questions on an image").enumerated() {
            let text = PythonText.strip(line)
            if text.isEmpty { continue }
            let columns = PythonText.split(text, "\t")
            guard columns.count == 2 else {
                throw columnsError(file.name, number, "question and answer", columns.count)
            }
            let isYes = try yes(columns[1], "\(file.name):\(number + 1)")
            items.append(Item(picture: picture, question: columns[0], isYes: isYes))
        }
        return items
    }

    static func columnsError(
        _ name: String, _ line: Int, _ expected: String, _ found: Int
    ) -> EvaluationError {
        EvaluationError(
            .malformedFile,
            "\(name):\(line + 1): expected \(expected) between tabs, found \(found) "
                + (found == 1 ? "column" : "columns"))
    }

    /// A gold answer.
    static func yes(_ text: String, _ place: String) throws(EvaluationError) -> Bool {
        switch PythonText.lower(text) {
        case "yes": return true
        case "no": return false
        default:
            throw EvaluationError(
                .malformedFile, "\(place): expected the answer Yes or No, found \"\(text)\"")
        }
    }

    /// The image of a question file's `image`.
    func picture(_ name: String) -> PictureSource {
        files.picture(name, in: Self.roots.map { String($0.dropLast()) })
            ?? PictureSource(
                name: name, place: .file("\(files.path)/MME_Benchmark_release_version/\(name)"))
    }

    /// The image of a task; tables name it without its folder.
    func picture(task: String, _ name: String) -> PictureSource {
        files.picture(
            "\(task)/images/\(name)", in: Self.roots.map { String($0.dropLast()) })
            ?? picture("\(task)/\(name)")
    }
}
