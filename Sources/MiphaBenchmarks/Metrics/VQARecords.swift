import MiphaFiles

/// A question with its human answers, as the VQA tools' annotation files hold it.
struct VQAAnnotation {
    var id: QuestionID?
    /// The image: a number in VQAv2, a text in TextVQA, a file name in VizWiz.
    var picture = ""
    var question: String?
    var questionType: String?
    var answerType: String?
    var answers: [String]?
    /// Names that no list of fields has.
    private(set) var unread: [String] = []
    /// For each answer the number of answers whose other fields are the same; nil when each stands
    /// alone, because their `answer_id`s differ.
    private(set) var fields: [Fields]?

    /// What an answer holds beside its text.
    struct Fields: Equatable {
        var number: Int?
        var confidence: String?
        var others: [JSONObject.Member] = []

        static func == (left: Self, right: Self) -> Bool {
            left.number == right.number
                && left.confidence.map { Array($0.utf8) } == right.confidence.map { Array($0.utf8) }
                && left.others == right.others
        }
    }

    /// Reads an annotation.
    ///
    /// Answers are objects with `answer`, or plain texts.
    init(_ cursor: inout JSONCursor) throws(FileError) {
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "question_id", "questionId": id = try cursor.questionID()
            case "image_id", "image": picture = try cursor.stringOrNumber()
            case "question": question = try cursor.string()
            case "question_type": questionType = try cursor.string()
            case "answer_type": answerType = try cursor.string()
            case "answers":
                if try !cursor.null() { try readAnswers(&cursor) }
            default:
                if !FieldList.vqaAnnotations.knows(key) { unread.append(key) }
            }
        }
    }

    private mutating func readAnswers(_ cursor: inout JSONCursor) throws(FileError) {
        var texts: [String] = []
        texts.reserveCapacity(10)
        var fields: [Fields] = []
        fields.reserveCapacity(10)
        // One bit for each answer_id from 0 to 63 that was seen.
        var seen: UInt64 = 0
        var isDistinct = true
        try cursor.beginArray()
        while try cursor.nextElement() {
            if cursor.kind == .string {
                texts.append(try cursor.string())
                continue
            }
            let (text, rest) = try Self.answer(&cursor)
            texts.append(text)
            if let number = rest.number, number >= 0, number < 64,
                seen >> UInt64(number) & 1 == 0
            {
                seen |= 1 << UInt64(number)
            } else {
                isDistinct = false
            }
            fields.append(rest)
        }
        answers = texts
        self.fields = isDistinct || fields.count != texts.count ? nil : fields
    }

    private static func answer(
        _ cursor: inout JSONCursor
    ) throws(FileError) -> (text: String, fields: Fields) {
        var text: String?
        var fields = Fields()
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "answer": text = try cursor.string()
            case "answer_confidence" where cursor.kind == .string:
                fields.confidence = try cursor.string()
            case "answer_id" where cursor.kind == .number: fields.number = try cursor.integer()
            default: fields.others.append(.init(key: key, value: try cursor.value()))
            }
        }
        guard let text else { throw cursor.failure("expected an answer with the key \"answer\"") }
        fields.others.sort { $0.key < $1.key }
        return (text, fields)
    }

    /// For each answer the number of answers equal to it in all fields, given which of them have
    /// its text.
    func equals(among matches: [Bool]) -> [Int] {
        guard let fields else { return [Int](repeating: 1, count: matches.count) }
        return matches.indices.map { place in
            matches[place]
                ? matches.indices.count { matches[$0] && fields[$0] == fields[place] } : 1
        }
    }
}
