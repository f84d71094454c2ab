import MiphaChat
import MiphaFiles

/// Reads items that need not be right.
///
/// It accepts what `ConversationReader` accepts and tells what that refuses, but for roles and
/// their order.
struct DataEntryReader {
    private(set) var entry = DataEntry()
    /// What stands under the keys of questions; read once it is known whether there are answers.
    private var questions: [(key: String, value: JSONCursor)] = []
    /// The first key of a turn that only items with a pair of answers have.
    private var foreignKey: String?
    /// The used keys so far.
    private var read: Set<String> = []
    /// Whether the key of pictures that came first names some.
    private var hasPictures = false

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
        while let key = try cursor.nextKey() {
            if Self.keys.contains(key), !read.insert(key).inserted {
                entry.faults.append("the key \"\(key)\" comes twice")
            }
            switch key {
            case "id": try readID(&cursor)
            case "image", "images": try readImages(&cursor, key)
            case "conversations": entry.turns = try readTurns(&cursor, key)
            case "prompt", "question":
                questions.append((key, cursor))
                try cursor.skip()
            case "chosen", "rejected": try readAnswer(&cursor, key)
            default: try entry.keys.pass(&cursor, key)
            }
        }
        try finish()
    }

    /// The keys that are read.
    private static let keys = Set(
        ItemKeyGroup.all.filter { $0.place == .item && $0.use == .used }.flatMap(\.names))

    /// Judges what depends on the item as a whole.
    private mutating func finish() throws(FileError) {
        let question = try readQuestion()
        entry.keys.finish(hasPictures: entry.images?.isEmpty == false)
        if entry.keys.hidesPictures { entry.images = nil }
        if entry.answers == nil, let foreignKey {
            entry.faults.append("\(foreignKey) \(ItemTurns.foreignKey)")
            entry.turns = nil
        }
        if read.contains("conversations") { return }
        if entry.answers == nil || questions.isEmpty {
            entry.faults.append("the key \"conversations\" is missing")
        } else {
            entry.turns = question
        }
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

    private mutating func readImages(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        let hadPictures = hasPictures
        let before = entry.images?.count ?? 0
        switch cursor.kind {
        case .null: try cursor.skip()
        case .string where key == "image": try readImage(&cursor, key)
        case .array:
            try cursor.beginArray()
            var index = 0
            while try cursor.nextElement() {
                try readImage(&cursor, "\(key)[\(index)]")
                index += 1
            }
        default:
            try refuse(&cursor, key, ItemImages.expected(key))
            entry.images = nil
        }
        hasPictures = hadPictures || (entry.images?.count ?? 0) > before
        if hadPictures, (entry.images?.count ?? 0) > before {
            entry.faults.append("image and images both name pictures")
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
        if let fault = ItemImages.fault(in: path) {
            entry.faults.append("\(key): \(fault)")
            entry.images = nil
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
        var (roleKey, textKey) = ("", "")
        var isRefused = false
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let isRole = key == "from" || key == "role"
            guard isRole || key == "value" || key == "content" else {
                try entry.keys.pass(&cursor, key, of: .turn, in: place)
                continue
            }
            // `role` and `content` are read with a pair of answers only, which may come behind them.
            if key == "role" || key == "content" { foreignKey = foreignKey ?? "\(place).\(key)" }
            if isRole ? role != nil : text != nil {
                let other = isRole ? roleKey : textKey
                entry.faults.append("\(place).\(key): \(ItemTurns.twice(key, after: other))")
                isRefused = true
            }
            if isRole { roleKey = key } else { textKey = key }
            guard cursor.kind == .string else {
                let isList = !isRole && cursor.kind == .array
                try refuse(
                    &cursor, "\(place).\(key)", isList ? ItemTurns.noParts : "a string")
                isRefused = true
                continue
            }
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

    /// The turns that a pair of answers follows, where they do not stand under `conversations`.
    private mutating func readQuestion() throws(FileError) -> [DataEntry.Turn]? {
        guard entry.answers != nil else {
            for (key, value) in questions {
                var value = value
                try entry.keys.passOver(&value, key)
            }
            return nil
        }
        let keys = (read.contains("conversations") ? ["conversations"] : []) + questions.map(\.key)
        if keys.count > 1, keys[0] != keys[1] {
            entry.faults.append(ItemTurns.twoQuestions(keys[0], keys[1]))
        }
        guard let (key, value) = questions.first else { return nil }
        var cursor = value
        if cursor.kind == .array { return try readTurns(&cursor, key) }
        guard cursor.kind == .string else {
            try refuse(&cursor, key, "a string")
            return nil
        }
        let text = ItemTurns.question(try cursor.string(), images: entry.images?.count ?? 0)
        return [DataEntry.Turn(role: "human", text: text)]
    }

    private mutating func readAnswer(
        _ cursor: inout JSONCursor, _ key: String
    ) throws(FileError) {
        var text: String?
        switch cursor.kind {
        case .string: text = try cursor.string()
        case .object: text = try readTurn(&cursor, key).map { answer($0, key) }
        case .array:
            let turns = try readTurns(&cursor, key)
            text = turns?.first.map { answer($0, key) }
            if let turns, turns.count > 1 {
                entry.faults.append("\(key): \(ItemTurns.notOne(turns.count))")
            }
        default: try refuse(&cursor, key, "a text or a turn")
        }
        var answers = entry.answers ?? DataEntry.Answers()
        if key == "chosen" { answers.chosen = text } else { answers.rejected = text }
        entry.answers = answers
    }

    /// The text of a turn that is an answer.
    private mutating func answer(_ turn: DataEntry.Turn, _ key: String) -> String {
        switch TextExamination.role(turn.role) {
        case .assistant: break
        case .human: entry.faults.append("\(key): \(ItemTurns.notAnswer)")
        case nil:
            entry.faults.append(
                "\(key): expected a turn of \"gpt\", found one of \(turn.role.quoted)")
        }
        return turn.text
    }
}
