import MiphaFiles

/// A line of LLaVA's question files.
struct LLaVAQuestionLine {
    let id: QuestionID
    let image: String
    let text: String
    let category: String
    /// Names that no list of fields has.
    private(set) var unread: [String] = []

    /// Reads a line.
    init(_ cursor: inout JSONCursor) throws(FileError) {
        var id: QuestionID?
        var image: String?
        var text: String?
        var category = "default"
        let start = cursor
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "question_id": id = try cursor.questionID()
            case "image": image = try cursor.string()
            case "text": text = try cursor.string()
            case "category" where cursor.kind == .string: category = try cursor.string()
            default: unread.append(key)
            }
        }
        guard let id, let image, let text else {
            throw start.failure(
                "expected a line of a LLaVA question file with question_id, image and text")
        }
        self.id = id
        self.image = image
        self.text = text
        self.category = category
    }

    /// The questions of a question file, whose images are looked for in `folders`.
    static func questions(
        in file: SourceFile, of files: BenchmarkFiles, pictures folders: [String]
    ) throws(EvaluationError) -> [Question] {
        var questions: [Question] = []
        try forEach(in: file) { line throws(EvaluationError) in
            questions.append(
                Question(
                    id: line.id, text: line.text,
                    pictures: [files.expectedImage(line.image, in: folders)],
                    category: line.category))
        }
        return questions
    }

    /// Calls `body` with every line of a question file.
    static func forEach(
        in file: SourceFile, _ body: (LLaVAQuestionLine) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        try file.forEachValue(.automatic(), what: "a LLaVA question file (JSON lines)") {
            cursor throws(EvaluationError) in
            let line: LLaVAQuestionLine
            do throws(FileError) {
                line = try LLaVAQuestionLine(&cursor)
            } catch {
                throw EvaluationError(error)
            }
            for name in line.unread { file.watch?.see(name, in: file.name) }
            try body(line)
        }
    }
}
