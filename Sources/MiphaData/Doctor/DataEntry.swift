import MiphaChat
import MiphaFiles

/// An item of a conversation file, read as far as it can be understood.
struct DataEntry: Sendable {
    struct Turn: Sendable {
        let role: String
        let text: String
    }

    var id: String?
    /// The picture paths; nil when they cannot be understood.
    var images: [String]? = []
    /// The turns; nil when they cannot be understood.
    var turns: [Turn]?
    /// The texts of a chosen and a rejected answer; nil for an item with neither key.
    var answers: Answers?
    /// What is malformed, the first finding first.
    var faults: [String] = []

    /// Two answers to the last turn; nil where one is not there.
    struct Answers: Sendable {
        var chosen: String?
        var rejected: String?

        /// Both by their keys.
        var all: [(key: String, text: String?)] { [("chosen", chosen), ("rejected", rejected)] }
    }

    /// The answers as turns.
    var answerTurns: [Turn] {
        (answers?.all ?? []).compactMap { $0.text.map { Turn(role: "gpt", text: $0) } }
    }
}

/// Reads items that need not be right.
///
/// It accepts what `ConversationReader` accepts and tells what that refuses, but for roles and
/// their order.
struct DataEntryReader {
    private(set) var entry = DataEntry()
    private var question: [DataEntry.Turn]?
    /// The first key of a turn that only items with a pair of answers have.
    private var foreignKey: String?

    /// Reads the item at a cursor.
    ///
    /// - Throws: `FileError` when it is not JSON.
    static func read(_ cursor: inout JSONCursor) throws(FileError) -> DataEntry {
        var reader = DataEntryReader()
        guard cursor.kind == .object else {
            try reader.refuse(&cursor, nil, "an object")
            reader.entry.images = nil
            return reader.entry
        }
        try reader.readObject(&cursor)
        return reader.entry
    }

    private mutating func readObject(_ cursor: inout JSONCursor) throws(FileError) {
        try cursor.beginObject()
        var hasTurns = false
        while let key = try cursor.nextKey() {
            switch key {
            case "id": try readID(&cursor)
            case "image": try readImages(&cursor)
            case "conversations":
                hasTurns = true
                entry.turns = try readTurns(&cursor, key)
            case "prompt", "question": try readQuestion(&cursor, key)
            case "chosen", "rejected": try readAnswer(&cursor, key)
            default: break
            }
        }
        if entry.answers == nil, let foreignKey {
            entry.faults.append("\(foreignKey): expected from and value in a turn")
            entry.turns = nil
        }
        if !hasTurns, entry.answers != nil, let question {
            entry.turns = marked(question)
            hasTurns = true
        }
        if !hasTurns { entry.faults.append("the key \"conversations\" is missing") }
    }

    /// Notes a value of a wrong kind and moves past it.
    private mutating func refuse(
        _ cursor: inout JSONCursor, _ key: String?, _ expected: String
    ) throws(FileError) {
        if let kind = cursor.kind {
            let place = key.map { "\($0): " } ?? ""
            entry.faults.append("\(place)expected \(expected), found \(kind.words)")
        }
        try cursor.skip()
    }

    private mutating func readID(_ cursor: inout JSONCursor) throws(FileError) {
        switch cursor.kind {
        case .string, .number: entry.id = try cursor.stringOrNumber()
        case .null: try cursor.skip()
        default: try refuse(&cursor, "id", "a string or a number")
        }
    }

    private mutating func readImages(_ cursor: inout JSONCursor) throws(FileError) {
        entry.images = []
        switch cursor.kind {
        case .null: try cursor.skip()
        case .string: try readImage(&cursor, "image")
        case .array:
            try cursor.beginArray()
            var index = 0
            while try cursor.nextElement() {
                try readImage(&cursor, "image[\(index)]")
                index += 1
            }
        default:
            try refuse(&cursor, "image", "a path or an array of paths")
            entry.images = nil
        }
    }

    private mutating func readImage(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        guard cursor.kind == .string else {
            try refuse(&cursor, key, "a path")
            entry.images = nil
            return
        }
        let path = try cursor.string()
        guard !path.isEmpty else {
            entry.faults.append("\(key): expected a path, found an empty string")
            entry.images = nil
            return
        }
        entry.images?.append(path)
    }

    private mutating func readTurns(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) -> [DataEntry.Turn]? {
        guard cursor.kind == .array else {
            try refuse(&cursor, key, "an array")
            return nil
        }
        var turns: [DataEntry.Turn] = []
        var isWhole = true
        var index = 0
        try cursor.beginArray()
        while try cursor.nextElement() {
            if let turn = try readTurn(&cursor, "\(key)[\(index)]") {
                turns.append(turn)
            } else {
                isWhole = false
            }
            index += 1
        }
        return isWhole ? turns : nil
    }

    private mutating func readTurn(
        _ cursor: inout JSONCursor, _ place: String
    ) throws(FileError) -> DataEntry.Turn? {
        guard cursor.kind == .object else {
            try refuse(&cursor, place, "an object")
            return nil
        }
        var role: String?
        var text: String?
        var isRefused = false
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            // `role` and `content` are read with a pair of answers only, which may come behind them.
            let isRole = key == "from" || key == "role"
            guard isRole || key == "value" || key == "content" else { continue }
            guard cursor.kind == .string else {
                guard key == "from" || key == "value" else { continue }
                try refuse(&cursor, "\(place).\(key)", "a string")
                isRefused = true
                continue
            }
            if key == "role" || key == "content" { foreignKey = foreignKey ?? "\(place).\(key)" }
            if isRole { role = try cursor.string() } else { text = try cursor.string() }
        }
        if isRefused { return nil }
        guard let role, let text else {
            entry.faults.append("\(place).\(role == nil ? "from" : "value") is missing")
            return nil
        }
        return DataEntry.Turn(role: role, text: text)
    }

    // MARK: Pairs of answers

    private mutating func readQuestion(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        switch cursor.kind {
        case .string: question = [DataEntry.Turn(role: "human", text: try cursor.string())]
        case .array: question = try readTurns(&cursor, key)
        default: break
        }
    }

    /// A question that is one text gets the markers of its pictures, as in training.
    private func marked(_ question: [DataEntry.Turn]) -> [DataEntry.Turn] {
        let marker = Array(ImageMarker.text.utf8)
        guard question.count == 1, let count = entry.images?.count, count > 0,
            !Array(question[0].text.utf8).holds(marker)
        else { return question }
        let markers = String(repeating: ImageMarker.text + "\n", count: count)
        return [DataEntry.Turn(role: "human", text: markers + question[0].text)]
    }

    private mutating func readAnswer(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        var text: String?
        switch cursor.kind {
        case .string: text = try cursor.string()
        case .object: text = try readTurn(&cursor, key)?.text
        case .array: text = try readTurns(&cursor, key)?.first?.text
        default: try refuse(&cursor, key, "a text or a turn")
        }
        var answers = entry.answers ?? DataEntry.Answers()
        if key == "chosen" { answers.chosen = text } else { answers.rejected = text }
        entry.answers = answers
    }
}
