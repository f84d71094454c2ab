import Foundation
import MiphaChat
import MiphaFiles
import MiphaTestSupport
import Testing

/// The two uses of the parser of items: one that throws the first fault, and one that keeps all.
@Suite struct ItemFaultTests {
    /// A JSON value whose members may come twice.
    private indirect enum Node {
        case literal(String)
        case array([Node])
        case object([(key: String, value: Node)])

        var text: String {
            switch self {
            case .literal(let text): text
            case .array(let nodes): "[\(nodes.map(\.text).joined(separator: ","))]"
            case .object(let members):
                "{" + members.map { "\"\($0.key)\":\($0.value.text)" }.joined(separator: ",") + "}"
            }
        }
    }

    private static func turn(_ name: String, _ text: String, role: String = "from") -> Node {
        .object([
            (role, .literal("\"\(name)\"")),
            (role == "from" ? "value" : "content", .literal("\"\(text)\"")),
        ])
    }

    /// Items that are right in one form or the other.
    private static let items: [Node] = [
        .object([
            ("id", .literal("\"a\"")), ("image", .literal("\"a.png\"")),
            ("conversations", .array([turn("human", "<image>Q"), turn("gpt", "A")])),
        ]),
        .object([
            ("conversations", .array([turn("human", "Q"), turn("gpt", "A"), turn("human", "R")])),
            ("images", .array([.literal("\"a.png\"")])), ("id", .literal("7")),
            ("chosen", .literal("\"C\"")), ("rejected", turn("assistant", "D", role: "role")),
        ]),
        .object([
            ("id", .literal("\"p\"")), ("image", .array([.literal("\"a.png\"")])),
            ("prompt", .literal("\"Q\"")), ("chosen", .array([turn("gpt", "C")])),
            ("rejected", .literal("\"D\"")),
        ]),
        .object([
            ("question", .array([turn("user", "Q", role: "role")])),
            ("chosen", .literal("\"C\"")), ("rejected", .literal("\"D\"")),
        ]),
    ]

    private static let keys = [
        "id", "image", "images", "conversations", "prompt", "question", "chosen", "rejected",
        "from", "value", "role", "content", "video", "image_path", "messages", "weight", "note",
        "Image",
    ]

    private static let literals = [
        "null", "3", "true", "\"\"", "\"x\"", "\"human\"", "\"gpt\"", "\"tool\"", "\"a\\u0000\"",
        "[]", "{}", "[3]", "[\"b.png\"]", "[\"b.png\",null]", "{\"a\":1}",
    ]

    private static func pick<Element>(
        _ list: [Element], _ generator: inout SplitMix64
    ) -> Element {
        list[Int(generator.next() % UInt64(list.count))]
    }

    /// Damages one place of a value.
    private static func damage(_ node: inout Node, _ generator: inout SplitMix64) {
        switch node {
        case .object(var members) where !members.isEmpty:
            let index = Int(generator.next() % UInt64(members.count))
            switch generator.next() % 8 {
            case 0: members.remove(at: index)
            case 1: members.append((members[index].key, .literal(pick(literals, &generator))))
            case 2: members.append(members[index])
            case 3: members[index].key = pick(keys, &generator)
            case 4: members.append((pick(keys, &generator), .literal(pick(literals, &generator))))
            case 5: members.swapAt(index, 0)
            default: damage(&members[index].value, &generator)
            }
            node = .object(members)
        case .array(var nodes) where !nodes.isEmpty && generator.next() % 4 > 0:
            let index = Int(generator.next() % UInt64(nodes.count))
            switch generator.next() % 6 {
            case 0: nodes.remove(at: index)
            case 1: nodes.append(nodes[index])
            default: damage(&nodes[index], &generator)
            }
            node = .array(nodes)
        default: node = .literal(pick(literals, &generator))
        }
    }

    private static func damaged(_ generator: inout SplitMix64) -> String {
        var item = pick(items, &generator)
        for _ in 0..<generator.next() % 4 { damage(&item, &generator) }
        return item.text
    }

    private static func strict(_ text: String, _ form: SampleForm) throws -> ConversationSample {
        try strict(Array(text.utf8), form)
    }

    private static func strict(_ bytes: [UInt8], _ form: SampleForm) throws -> ConversationSample {
        var cursor = JSONCursor(bytes, file: "x.json")
        return try ConversationReader(checksTurnOrder: false, form: form).item(&cursor, 0)
    }

    private static func collected(_ text: String, _ form: SampleForm?) throws -> ConversationItem {
        try collected(Array(text.utf8), form)
    }

    private static func collected(
        _ bytes: [UInt8], _ form: SampleForm?
    ) throws -> ConversationItem {
        var cursor = JSONCursor(bytes, file: "x.json")
        return try ConversationItem(reading: &cursor, as: form)
    }

    @Test(arguments: [SampleForm.conversations, .preferences])
    func `a run stops at the first of the faults that are kept, and reads what has none`(
        form: SampleForm
    ) throws {
        var generator = SplitMix64(seed: form == .preferences ? 11 : 12)
        var kinds: [String: Int] = [:]
        for _ in 0..<20_000 {
            let text = Self.damaged(&generator)
            let item = try Self.collected(text, form)
            guard let fault = item.faults.first else {
                let sample = try Self.strict(text, form)
                #expect(sample.id == item.id && sample.images == item.images, "\(text)")
                #expect(sample.turns.map(\.text) == item.turns?.map(\.text), "\(text)")
                #expect(
                    sample.turns.map(\.role) == item.turns?.map(\.role), "\(text)")
                #expect(
                    item.turns?.map(\.role)
                        == item.turns?.map { ConversationSample.Role(named: $0.name) }, "\(text)")
                #expect(sample.answers?.chosen == item.answers?.chosen, "\(text)")
                #expect(sample.answers?.rejected == item.answers?.rejected, "\(text)")
                kinds["none", default: 0] += 1
                continue
            }
            let error = #expect(throws: ChatError.self, "\(text)") { try Self.strict(text, form) }
            let message = error?.message ?? ""
            #expect(
                message.hasPrefix("x.json: item 0: ") && message.hasSuffix(fault.clause),
                "\(text): \(fault), \(message)")
            kinds["\(fault)".prefix { $0 != "(" }.description, default: 0] += 1
        }
        // The damage is of all kinds, and not all of it is fatal.
        let count = form == .preferences ? 12 : 9
        #expect(kinds.count >= count && kinds["none", default: 0] > 500, "\(kinds)")
    }

    /// The form that a check reads an item in is the one in which a run could read it.
    @Test func `a check finds a fault exactly where a run of the item's form stops`() throws {
        var generator = SplitMix64(seed: 13)
        for _ in 0..<20_000 {
            let text = Self.damaged(&generator)
            let item = try Self.collected(text, nil)
            let form: SampleForm = item.answers == nil ? .conversations : .preferences
            // Without a pair of answers, a run does not read the keys of questions.
            let fatal = item.faults.filter { fault in
                item.answers != nil
                    || ![.repeatedKey("prompt"), .repeatedKey("question")].contains(fault)
            }
            let message: String?
            do {
                _ = try Self.strict(text, form)
                message = nil
            } catch let error as ChatError {
                message = error.message
            }
            #expect((message == nil) == fatal.isEmpty, "\(text): \(fatal), \(message ?? "")")
            // These two name keys in the order in which a use comes to them.
            switch fatal.first {
            case .twoQuestions, .noConversation: continue
            case let fault?:
                guard let message, fatal.count == 1 else { continue }
                #expect(message.hasSuffix(fault.clause), "\(text): \(fault), \(message)")
            case nil: continue
            }
        }
    }

    @Test func `both uses agree on damaged bytes`() throws {
        var wholeItems = 0
        var generator = SplitMix64(seed: 14)
        for _ in 0..<10_000 {
            var bytes = Array(Self.damaged(&generator).utf8)
            bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
                truncatingIfNeeded: generator.next())
            let text = String(decoding: bytes, as: UTF8.self)
            for form in [SampleForm.conversations, .preferences] {
                // Malformed JSON ends both.
                guard let item = try? Self.collected(bytes, form) else {
                    #expect(throws: (any Error).self, "\(text)") { try Self.strict(bytes, form) }
                    continue
                }
                if let fault = item.faults.first {
                    let error = #expect(throws: ChatError.self, "\(text)") {
                        try Self.strict(bytes, form)
                    }
                    #expect(error?.message.hasSuffix(fault.clause) == true, "\(text)")
                    continue
                }
                let sample = try Self.strict(bytes, form)
                #expect(sample.turns.map(\.text) == item.turns?.map(\.text), "\(text)")
                #expect(sample.turns.map(\.role) == item.turns?.map(\.role), "\(text)")
                wholeItems += 1
            }
        }
        #expect(wholeItems > 20)
    }

    @Test func `a check reports classes of its own elsewhere`() {
        #expect(ItemFault.refusedKey("key \"video\": found a string").finding == nil)
        #expect(ItemFault.unknownRole(place: "chosen.from", name: "tool").finding == nil)
        #expect(ItemFault.noAnswer(key: "chosen").finding == nil)
        #expect(ItemFault.turnCount(key: "chosen", count: 0).finding == nil)
        #expect(
            ItemFault.turnCount(key: "chosen", count: 2).finding
                == "chosen: expected one turn, found 2")
        #expect(
            ItemFault.pairKey(place: "conversations[0].role").finding
                == "conversations[0].role is read with a pair of answers only; expected \"from\" "
                + "(human or gpt) and \"value\"")
    }
}
