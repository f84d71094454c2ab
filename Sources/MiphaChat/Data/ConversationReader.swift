package import MiphaFiles

/// Reads LLaVA conversation files: one JSON array, or one JSON object after the other (JSON lines).
///
/// Every error names the file, the item and the key. Items are never dropped.
public struct ConversationReader: Sendable {
    /// Whether each item must start with a human turn, alternate and hold an answer.
    public var checksTurnOrder: Bool
    /// What items are read as.
    public var form: SampleForm

    /// Makes a reader.
    public init(checksTurnOrder: Bool = true, form: SampleForm = .conversations) {
        self.checksTurnOrder = checksTurnOrder
        self.form = form
    }

    /// Reads a file.
    ///
    /// - Throws: `ChatError` with code `unreadableFile`, `malformedJSON`, `malformedItem` or
    ///   `turnOrder`.
    public func read(file path: String) throws(ChatError) -> [ConversationSample] {
        let items: JSONElements
        do throws(FileError) {
            items = try JSONElements(contentsOf: path, shape: .automatic(), style: .words)
        } catch {
            throw ChatError(.unreadableFile, error.message)
        }
        return try read(items)
    }

    /// Reads the bytes of a file; `name` stands for the file in messages.
    ///
    /// - Throws: as `read(file:)`.
    public func read(bytes: [UInt8], name: String) throws(ChatError) -> [ConversationSample] {
        try read(JSONElements(bytes, file: name, shape: .automatic(), style: .words))
    }

    private func read(_ items: JSONElements) throws(ChatError) -> [ConversationSample] {
        var samples: [ConversationSample] = []
        do {
            try items.forEach { cursor in
                samples.append(try item(&cursor, samples.count))
            }
        } catch let error as ChatError {
            throw error
        } catch let error as FileError {
            throw ChatError(
                error.code == .malformedJSON ? .malformedJSON : .unreadableFile, error.message)
        } catch {
            throw ChatError(.unreadableFile, "\(items.file): \(error)")
        }
        return samples
    }

    /// Reads the item that a cursor over one value stands at.
    ///
    /// - Parameter index: the item's number, for messages.
    /// - Throws: `ChatError` for what is no conversation, `FileError` for malformed JSON.
    package func item(
        _ cursor: inout JSONCursor, _ index: Int
    ) throws -> ConversationSample {
        var parser = ConversationItemParser(file: cursor.file, index: index, form: form)
        let sample = try parser.parse(&cursor)
        guard checksTurnOrder else { return sample }
        do throws(ChatError) {
            try sample.checkTurnOrder()
        } catch {
            throw ChatError(error.code, "\(cursor.file): item \(index): \(error.message)")
        }
        return sample
    }
}

/// Reads one conversation item at the scanner's position.
struct ConversationItemParser {
    let file: String
    let index: Int
    let form: SampleForm
    private var id: String?
    private var images: [String] = []
    private var turns: [ConversationSample.Turn]?
    /// What only items with a pair of answers have.
    private var pair = PairParts()

    init(file: String, index: Int, form: SampleForm) {
        self.file = file
        self.index = index
        self.form = form
    }

    mutating func parse(_ cursor: inout JSONCursor) throws -> ConversationSample {
        guard cursor.kind == .object else { throw try mismatch(cursor, nil, "an object") }
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "id": id = try identifier(&cursor)
            case "image": images = try imagePaths(&cursor)
            case "conversations": turns = try conversation(&cursor, key)
            default: if form == .preferences { try readPair(&cursor, key, into: &pair) }
            }
        }
        if form == .preferences {
            return ConversationSample(
                id: id, images: images, turns: try question(turns, images: images.count, pair),
                answers: try answers(pair))
        }
        guard let turns else {
            throw failure("key \"conversations\" is missing; expected an array of turns")
        }
        return ConversationSample(id: id, images: images, turns: turns)
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

    private func imagePaths(_ cursor: inout JSONCursor) throws -> [String] {
        switch cursor.kind {
        case .string: return [try imagePath(&cursor, "image")]
        case .null:
            try cursor.skip()
            return []
        case .array:
            var paths: [String] = []
            try cursor.array { cursor, index in
                paths.append(try imagePath(&cursor, "image[\(index)]"))
            }
            return paths
        default: throw try mismatch(cursor, "image", "a path or an array of paths")
        }
    }

    private func imagePath(
        _ cursor: inout JSONCursor, _ key: @autoclosure () -> String
    ) throws -> String {
        let path = try string(&cursor, key())
        guard !path.isEmpty else {
            throw failure(
                "key \"\(key())\": expected a path, found an empty string; leave the key out for a "
                    + "text-only item")
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
    func conversation(
        _ cursor: inout JSONCursor, _ key: String
    ) throws -> [ConversationSample.Turn] {
        guard cursor.kind == .array else { throw try mismatch(cursor, key, "an array") }
        var turns: [ConversationSample.Turn] = []
        try cursor.array { cursor, index in turns.append(try turn(&cursor, "\(key)[\(index)]")) }
        return turns
    }

    /// A turn, whose place in the item is told in messages.
    func turn(
        _ cursor: inout JSONCursor, _ place: @autoclosure () -> String
    ) throws -> ConversationSample.Turn {
        guard cursor.kind == .object else { throw try mismatch(cursor, place(), "an object") }
        var role: ConversationSample.Role?
        var value: String?
        let isPair = form == .preferences
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            switch key {
            case "from", "role":
                guard key == "from" || isPair else { break }
                role = try self.role(&cursor, "\(place()).\(key)")
            case "value", "content":
                guard key == "value" || isPair else { break }
                value = try string(&cursor, "\(place()).\(key)")
            default: break
            }
        }
        guard let role else { throw failure("key \"\(place()).from\" is missing") }
        guard let value else { throw failure("key \"\(place()).value\" is missing") }
        return ConversationSample.Turn(role, value)
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
