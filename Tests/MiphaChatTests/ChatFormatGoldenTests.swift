import Foundation
import MiphaChat
import MiphaFiles
import MiphaTestSupport
import Testing

/// What transformers makes of the templates that models are published with.
@Suite struct ChatFormatGoldenTests {
    private static let folder = PackagePaths.fixture("chat-formats")

    private struct Table: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
            let images: Int?
        }

        struct Case: Decodable {
            let messages: [Message]
            let texts: [String: String?]
        }

        struct Published: Decodable {
            let file: String
            let format: String
            let canonical: String
        }

        struct Spelling: Decodable {
            let text: String
            let canonical: String
        }

        let cases: [Case]
        let published: [Published]
        let spellings: [Spelling]
    }

    private static func table() throws -> Table {
        try JSONDecoder().decode(
            Table.self, from: Data(contentsOf: URL(filePath: "\(folder)/rendered.json")))
    }

    /// The formats that have no fixture of Mipha's own.
    private static let formats = ChatFormat.all.filter {
        ![.phi, .gemma, .phi3, .plain].contains($0)
    }

    @Test func `the formats' own templates are those that were shown to transformers`() throws {
        for format in Self.formats {
            let file = "\(Self.folder)/\(format.name).jinja"
            let text = try #require(format.jinja)
            if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
                try AtomicFile.write(text, to: file)
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }
    }

    @Test func `the files are those of the manifest`() throws {
        let files = try #require(
            try JSONValue(contentsOf: "\(Self.folder)/manifest.json")["files"]?.objectValue)
        #expect(
            Set(files.keys)
                == Set(Self.formats.map { "\($0.name).jinja" } + ["rendered.json"]))
        for (name, digest) in files.members.map({ ($0.key, $0.value.stringValue) }) {
            #expect(try SHA256Digest(contentsOf: "\(Self.folder)/\(name)").hex == digest, "\(name)")
        }
    }

    @Test func `prompts are rendered as by the published templates`() throws {
        var compared: [String: Int] = [:]
        for entry in try Self.table().cases where entry.messages.last?.role == "user" {
            for (name, text) in entry.texts {
                let format = try ChatFormat.named(name)
                let encoder = try ConversationEncoder(
                    tokenizer: StubTokenizer.fitting(format), template: format, options: .chat)
                let messages = try entry.messages.map {
                    ChatMessage(
                        try #require(ChatMessage.Role(rawValue: $0.role)), $0.content,
                        images: Array(repeating: .file("a.png"), count: $0.images ?? 0))
                }
                guard let text else {
                    #expect(throws: ChatError.self, "\(name)") { try encoder.prompt(for: messages) }
                    continue
                }
                let found = try encoder.prompt(for: messages)
                #expect(sameBytes(found.text, text), "\(name): \(found.text.debugDescription)")
                compared[name, default: 0] += 1
            }
        }
        for format in Self.formats {
            #expect(compared[format.name, default: 0] >= 8, "\(format.name)")
        }
    }

    @Test func `whole conversations are rendered as by the published templates`() throws {
        var compared: [String: Int] = [:]
        for entry in try Self.table().cases where entry.messages.last?.role == "assistant" {
            // Training conversations have no system text of their own.
            guard entry.messages.first?.role == "user" else { continue }
            var images: [String] = []
            let turns = entry.messages.map { message in
                let count = message.images ?? 0
                images += Array(repeating: "a.png", count: count)
                return String(repeating: "<image>\n", count: count) + message.content
            }
            // Markers of training text are put in place, and whitespace behind them is cut.
            guard images.isEmpty else { continue }
            for (name, text) in entry.texts {
                let format = try ChatFormat.named(name)
                let encoder = try ConversationEncoder(
                    tokenizer: StubTokenizer.fitting(format), template: format)
                let found = try encoder.render(talk(turns)).text
                #expect(sameBytes(found, try #require(text)), "\(name): \(found.debugDescription)")
                compared[name, default: 0] += 1
            }
        }
        for format in Self.formats {
            #expect(compared[format.name, default: 0] >= 5, "\(format.name)")
        }
    }

    @Test func `every published template is on its format's list`() throws {
        let published = try Self.table().published
        for entry in published {
            let format = try ChatFormat.named(entry.format)
            #expect(format.published.contains(entry.canonical), "\(entry.file)")
        }
        #expect(published.count == ChatFormat.all.reduce(0) { $0 + $1.published.count })
        #expect(Set(published.map(\.canonical)).count == published.count)
    }

    @Test func `the document has a row for every format`() throws {
        let file = TestFiles.root.appending(path: "docs/chat-formats.md")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| `") }
        let expected = ChatFormat.all.map { format in
            let names = [format.name] + format.names.filter { $0 != format.name }
            return "| \(names.map { "`\($0)`" }.joined(separator: ", ")) | \(format.models) | "
        }
        #expect(rows.count == expected.count)
        for (row, start) in zip(rows, expected) { #expect(row.hasPrefix(start)) }
    }

    @Test func `the canonical form is made of the tokens of jinja's lexer`() throws {
        let spellings = try Self.table().spellings
        #expect(spellings.count >= 10)
        for spelling in spellings {
            let canonical = try #require(JinjaText.canonical(spelling.text))
            #expect(
                SHA256Digest(of: canonical).hex == spelling.canonical,
                "\(spelling.text.debugDescription): \(String(decoding: canonical, as: UTF8.self))")
        }
    }
}
