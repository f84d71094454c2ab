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
    /// What is malformed, the first finding first.
    var faults: [String] = []
}

/// Reads items that need not be right.
///
/// It accepts what `ConversationReader` accepts and tells what that refuses, but for roles and
/// their order.
struct DataEntryReader {
    private(set) var entry = DataEntry()

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
                try readTurns(&cursor)
            default: break
            }
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

    private mutating func readTurns(_ cursor: inout JSONCursor) throws(FileError) {
        entry.turns = nil
        guard cursor.kind == .array else {
            try refuse(&cursor, "conversations", "an array")
            return
        }
        var turns: [DataEntry.Turn] = []
        var isWhole = true
        var index = 0
        try cursor.beginArray()
        while try cursor.nextElement() {
            if let turn = try readTurn(&cursor, index) {
                turns.append(turn)
            } else {
                isWhole = false
            }
            index += 1
        }
        if isWhole { entry.turns = turns }
    }

    private mutating func readTurn(
        _ cursor: inout JSONCursor, _ index: Int
    ) throws(FileError) -> DataEntry.Turn? {
        let place = "conversations[\(index)]"
        guard cursor.kind == .object else {
            try refuse(&cursor, place, "an object")
            return nil
        }
        var role: String?
        var text: String?
        var isRefused = false
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            guard key == "from" || key == "value" else { continue }
            guard cursor.kind == .string else {
                try refuse(&cursor, "\(place).\(key)", "a string")
                isRefused = true
                continue
            }
            if key == "from" { role = try cursor.string() } else { text = try cursor.string() }
        }
        if isRefused { return nil }
        guard let role, let text else {
            entry.faults.append("\(place).\(role == nil ? "from" : "value") is missing")
            return nil
        }
        return DataEntry.Turn(role: role, text: text)
    }
}
