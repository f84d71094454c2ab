import MiphaFiles

/// Reads one conversation item at the scanner's position.
struct ConversationItemParser {
    let file: String
    let index: Int
    let form: SampleForm
    /// What stands under keys that are not read.
    private(set) var keys = ItemKeyFindings()
    private var id: String?
    private var hasID = false
    /// The paths under `image` and under `images`, where the keys are.
    private var image: [String]?
    private var images: [String]?
    private var turns: [ConversationSample.Turn]?
    /// What only items with a pair of answers have.
    var pair = PairParts()

    init(file: String, index: Int, form: SampleForm) {
        self.file = file
        self.index = index
        self.form = form
    }

    mutating func parse(_ cursor: inout JSONCursor) throws -> ConversationSample {
        guard cursor.kind == .object else { throw try mismatch(cursor, nil, "an object") }
        try cursor.beginObject()
        while let key = try cursor.nextKey() { try read(&cursor, key) }
        let images = try allImages()
        keys.finish(hasPictures: !images.isEmpty)
        if let refusal = keys.refusals.first { throw failure(refusal) }
        if form == .preferences {
            return ConversationSample(
                id: id, images: images, turns: try question(turns, images: images.count, pair),
                answers: try answers(pair))
        }
        guard let turns else {
            let others = keys.unknown.prefix(8).map(\.quoted).joined(separator: ", ")
            throw failure(
                "key \"conversations\" is missing; expected an array of turns"
                    + (others.isEmpty ? "" : ", found the keys \(others)"))
        }
        return ConversationSample(id: id, images: images, turns: turns)
    }

    private mutating func read(_ cursor: inout JSONCursor, _ key: String) throws {
        switch key {
        case "id":
            try once(key, hasID ? true : nil)
            id = try identifier(&cursor)
            hasID = true
        case "image":
            try once(key, image)
            image = try imagePaths(&cursor, key)
        case "images":
            try once(key, images)
            images = try imagePaths(&cursor, key)
        case "conversations":
            try once(key, turns)
            turns = try conversation(&cursor, key)
        case "prompt", "question", "chosen", "rejected":
            if form == .preferences {
                try readPair(&cursor, key)
            } else {
                try keys.passOver(&cursor, key)
            }
        default: try keys.pass(&cursor, key)
        }
    }

    /// Refuses a key that was read before, since it is not certain which value counts.
    func once<Value>(_ key: String, _ value: Value?) throws(ChatError) {
        if value != nil { throw failure("key \"\(key)\" comes twice; leave one out") }
    }

    /// The pictures, which stand under one of two keys.
    private func allImages() throws(ChatError) -> [String] {
        guard let image, !image.isEmpty else { return images ?? [] }
        guard let images, !images.isEmpty else { return image }
        throw failure("keys \"image\" and \"images\": both name pictures; leave one out")
    }

    func failure(_ what: String) -> ChatError {
        let name = id.map { "(id \"\($0)\") " } ?? ""
        return ChatError(.malformedItem, "\(file): item \(index): \(name)\(what)")
    }

    /// An error about a value of the wrong kind; for one that is no value, the reader's own.
    func mismatch(
        _ cursor: JSONCursor, _ key: String?, _ expected: String
    ) throws -> ChatError {
        guard let kind = cursor.kind else {
            var cursor = cursor
            try cursor.skip()
            throw cursor.failure("expected a value")
        }
        let place = key.map { "key \"\($0)\": " } ?? ""
        return failure("\(place)expected \(expected), found \(kind.words)")
    }

    private func identifier(_ cursor: inout JSONCursor) throws -> String? {
        switch cursor.kind {
        case .string, .number: return try cursor.stringOrNumber()
        case .null:
            try cursor.skip()
            return nil
        default: throw try mismatch(cursor, "id", "a string or a number")
        }
    }

    private func imagePaths(_ cursor: inout JSONCursor, _ key: String) throws -> [String] {
        switch cursor.kind {
        case .string where key == "image": return [try imagePath(&cursor, key)]
        case .null:
            try cursor.skip()
            return []
        case .array:
            var paths: [String] = []
            try cursor.array { cursor, index in
                paths.append(try imagePath(&cursor, "\(key)[\(index)]"))
            }
            return paths
        default: throw try mismatch(cursor, key, ItemImages.expected(key))
        }
    }

    private func imagePath(
        _ cursor: inout JSONCursor, _ key: @autoclosure () -> String
    ) throws -> String {
        guard cursor.kind == .string else { throw try mismatch(cursor, key(), "a path") }
        let path = try cursor.string()
        if let fault = ItemImages.fault(in: path) {
            throw failure("key \"\(key())\": \(fault)")
        }
        return path
    }

    func string(
        _ cursor: inout JSONCursor, _ key: @autoclosure () -> String
    ) throws -> String {
        guard cursor.kind == .string else { throw try mismatch(cursor, key(), "a string") }
        return try cursor.string()
    }

    /// The turns under a key.
    mutating func conversation(
        _ cursor: inout JSONCursor, _ key: String
    ) throws -> [ConversationSample.Turn] {
        guard cursor.kind == .array else { throw try mismatch(cursor, key, "an array") }
        var turns: [ConversationSample.Turn] = []
        try cursor.beginArray()
        while try cursor.nextElement() {
            let index = turns.count
            turns.append(try turn(&cursor, "\(key)[\(index)]"))
        }
        return turns
    }

    /// A turn, whose place in the item is told in messages.
    mutating func turn(
        _ cursor: inout JSONCursor, _ place: @autoclosure () -> String
    ) throws -> ConversationSample.Turn {
        guard cursor.kind == .object else { throw try mismatch(cursor, place(), "an object") }
        var role: ConversationSample.Role?
        var value: String?
        var (roleKey, valueKey) = ("", "")
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "role", "content":
                guard form == .preferences else {
                    throw failure("key \"\(place()).\(key)\": \(ItemTurns.foreignKey)")
                }
                fallthrough
            case "from", "value":
                let isRole = key == "from" || key == "role"
                guard isRole ? role == nil : value == nil else {
                    let words = ItemTurns.twice(key, after: isRole ? roleKey : valueKey)
                    throw failure("key \"\(place()).\(key)\": \(words)")
                }
                if isRole {
                    roleKey = key
                    role = try self.role(&cursor, "\(place()).\(key)")
                } else {
                    valueKey = key
                    value = try text(&cursor, "\(place()).\(key)")
                }
            default: try keys.pass(&cursor, key, of: .turn, in: place())
            }
        }
        // A refused key may be what the missing one was meant to be.
        if role == nil || value == nil, let refusal = keys.refusals.first { throw failure(refusal) }
        guard let role else { throw failure("key \"\(place()).from\" is missing") }
        guard let value else { throw failure("key \"\(place()).value\" is missing") }
        return ConversationSample.Turn(role, value)
    }

    /// The text of a turn.
    private func text(
        _ cursor: inout JSONCursor, _ key: @autoclosure () -> String
    ) throws -> String {
        if cursor.kind == .array { throw try mismatch(cursor, key(), ItemTurns.noParts) }
        return try string(&cursor, key())
    }

    private func role(
        _ cursor: inout JSONCursor, _ key: @autoclosure () -> String
    ) throws -> ConversationSample.Role {
        let name = try string(&cursor, key())
        switch name {
        case "human", "user": return .human
        case "gpt", "assistant": return .assistant
        default:
            throw failure(
                "key \"\(key())\": expected \"human\" or \"gpt\" (also \"user\", \"assistant\"), "
                    + "found \"\(name)\"")
        }
    }
}
