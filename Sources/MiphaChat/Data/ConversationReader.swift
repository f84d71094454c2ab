import Foundation

/// Reads LLaVA conversation files: one JSON array, or one JSON object after the other (JSON lines).
///
/// Every error names the file, the item and the key. Items are never dropped.
public struct ConversationReader: Sendable {
    /// Whether each item must start with a human turn, alternate and hold an answer.
    public var checksTurnOrder: Bool

    /// Makes a reader.
    public init(checksTurnOrder: Bool = true) {
        self.checksTurnOrder = checksTurnOrder
    }

    /// Reads a file.
    ///
    /// - Throws: `ChatError` with code `unreadableFile`, `malformedJSON`, `malformedItem` or
    ///   `turnOrder`.
    public func read(file path: String) throws(ChatError) -> [ConversationSample] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw ChatError(.unreadableFile, "\(path): cannot be read: \(error)")
        }
        return try read(bytes: [UInt8](data), name: path)
    }

    /// Reads the bytes of a file; `name` stands for the file in messages.
    ///
    /// - Throws: as `read(file:)`.
    public func read(bytes: [UInt8], name: String) throws(ChatError) -> [ConversationSample] {
        var scanner = JSONScanner(bytes, name: name)
        var samples: [ConversationSample] = []
        switch scanner.peek() {
        case UInt8(ascii: "["):
            try scanner.array { (scanner, index) throws(ChatError) in
                samples.append(try item(&scanner, index))
            }
            guard scanner.peek() == nil else {
                throw scanner.failure("expected nothing after the array, found \(scanner.found())")
            }
        case UInt8(ascii: "{"):
            while scanner.peek() != nil {
                samples.append(try item(&scanner, samples.count))
            }
        default:
            throw scanner.failure(
                "expected an array of conversation items or one item on each line, found "
                    + scanner.found())
        }
        return samples
    }

    private func item(
        _ scanner: inout JSONScanner, _ index: Int
    ) throws(ChatError) -> ConversationSample {
        var parser = ConversationItemParser(file: scanner.name, index: index)
        let sample = try parser.parse(&scanner)
        guard checksTurnOrder else { return sample }
        do {
            try sample.checkTurnOrder()
        } catch {
            throw ChatError(error.code, "\(scanner.name): item \(index): \(error.message)")
        }
        return sample
    }
}

/// Reads one conversation item at the scanner's position.
struct ConversationItemParser {
    let file: String
    let index: Int
    private var id: String?
    private var images: [String] = []
    private var turns: [ConversationSample.Turn]?

    init(file: String, index: Int) {
        self.file = file
        self.index = index
    }

    mutating func parse(_ scanner: inout JSONScanner) throws(ChatError) -> ConversationSample {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw failure("expected an object, found \(scanner.found())")
        }
        try scanner.object { (scanner, key) throws(ChatError) in
            switch key {
            case "id": id = try identifier(&scanner)
            case "image": images = try imagePaths(&scanner)
            case "conversations": turns = try conversation(&scanner)
            default: try scanner.skipValue()
            }
        }
        guard let turns else {
            throw failure("key \"conversations\" is missing; expected an array of turns")
        }
        return ConversationSample(id: id, images: images, turns: turns)
    }

    private func failure(_ what: String) -> ChatError {
        let name = id.map { "(id \"\($0)\") " } ?? ""
        return ChatError(.malformedItem, "\(file): item \(index): \(name)\(what)")
    }

    private func identifier(_ scanner: inout JSONScanner) throws(ChatError) -> String? {
        switch scanner.peek() ?? 0 {
        case UInt8(ascii: "\""): return try scanner.string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try scanner.number()
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            return nil
        default:
            throw failure("key \"id\": expected a string or a number, found \(scanner.found())")
        }
    }

    private func imagePaths(_ scanner: inout JSONScanner) throws(ChatError) -> [String] {
        switch scanner.peek() {
        case UInt8(ascii: "\""): return [try imagePath(&scanner, "image")]
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            return []
        case UInt8(ascii: "["):
            var paths: [String] = []
            try scanner.array { (scanner, index) throws(ChatError) in
                paths.append(try imagePath(&scanner, "image[\(index)]"))
            }
            return paths
        default:
            throw failure(
                "key \"image\": expected a path or an array of paths, found \(scanner.found())")
        }
    }

    private func imagePath(
        _ scanner: inout JSONScanner, _ key: @autoclosure () -> String
    ) throws(ChatError) -> String {
        let path = try string(&scanner, key())
        guard !path.isEmpty else {
            throw failure(
                "key \"\(key())\": expected a path, found an empty string; leave the key out for a "
                    + "text-only item")
        }
        return path
    }

    private func string(
        _ scanner: inout JSONScanner, _ key: @autoclosure () -> String
    ) throws(ChatError) -> String {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            throw failure("key \"\(key())\": expected a string, found \(scanner.found())")
        }
        return try scanner.string()
    }

    private func conversation(
        _ scanner: inout JSONScanner
    ) throws(ChatError) -> [ConversationSample.Turn] {
        guard scanner.peek() == UInt8(ascii: "[") else {
            throw failure("key \"conversations\": expected an array, found \(scanner.found())")
        }
        var turns: [ConversationSample.Turn] = []
        try scanner.array { (scanner, index) throws(ChatError) in
            turns.append(try turn(&scanner, index))
        }
        return turns
    }

    private func turn(
        _ scanner: inout JSONScanner, _ turn: Int
    ) throws(ChatError) -> ConversationSample.Turn {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw failure(
                "key \"conversations[\(turn)]\": expected an object, found \(scanner.found())")
        }
        var role: ConversationSample.Role?
        var value: String?
        try scanner.object { (scanner, key) throws(ChatError) in
            switch key {
            case "from": role = try self.role(&scanner, turn)
            case "value": value = try string(&scanner, "conversations[\(turn)].value")
            default: try scanner.skipValue()
            }
        }
        guard let role else { throw failure("key \"conversations[\(turn)].from\" is missing") }
        guard let value else { throw failure("key \"conversations[\(turn)].value\" is missing") }
        return ConversationSample.Turn(role, value)
    }

    private func role(
        _ scanner: inout JSONScanner, _ turn: Int
    ) throws(ChatError) -> ConversationSample.Role {
        let name = try string(&scanner, "conversations[\(turn)].from")
        switch name {
        case "human", "user": return .human
        case "gpt", "assistant": return .assistant
        default:
            throw failure(
                "key \"conversations[\(turn)].from\": expected \"human\" or \"gpt\" (also \"user\", "
                    + "\"assistant\"), found \"\(name)\"")
        }
    }
}
