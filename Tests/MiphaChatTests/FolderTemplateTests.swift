import Foundation
import MiphaChat
import MiphaFiles
import MiphaTestSupport
import Testing

/// Chat templates that model folders carry.
@Suite struct FolderTemplateTests {
    private static let templates = PackagePaths.fixture("templates")

    private struct Table: Decodable {
        struct Part: Decodable {
            let type: String
            let text: String?
        }

        struct Message: Decodable {
            let role: String
            let text: String
            let images: Int

            enum CodingKeys: CodingKey { case role, content }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: CodingKeys.self)
                role = try values.decode(String.self, forKey: .role)
                if let text = try? values.decode(String.self, forKey: .content) {
                    (self.text, images) = (text, 0)
                } else {
                    let parts = try values.decode([Part].self, forKey: .content)
                    text = parts.compactMap(\.text).joined()
                    images = parts.count { $0.type == "image" }
                }
            }
        }

        struct Case: Decodable {
            let template: String
            let `case`: String
            let messages: [Message]
            let text: String
        }

        let cases: [Case]
    }

    private static let known: [(ChatFormat, StubTokenizer)] = [
        (.phi, .phi), (.gemma, .gemma), (.phi3, .phi3),
    ]

    @Test func `the templates' texts are those that were shown to transformers`() throws {
        for (template, _) in Self.known {
            let file = "\(Self.templates)/\(template.name).jinja"
            let text = try #require(template.jinja)
            if ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1" {
                try FileSystem.createFolder(Self.templates)
                try AtomicFile.write(text, to: file)
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }
        #expect(ChatFormat.plain.jinja == nil)
    }

    @Test func `transformers renders them to the prompts written here`() throws {
        let data = try Data(contentsOf: URL(filePath: "\(Self.templates)/rendered.json"))
        let cases = try JSONDecoder().decode(Table.self, from: data).cases
        #expect(cases.count >= 21)
        for entry in cases {
            let (template, tokenizer) = try #require(
                Self.known.first { $0.0.name == entry.template })
            let messages = try entry.messages.map { message in
                ChatMessage(
                    try #require(ChatMessage.Role(rawValue: message.role)), message.text,
                    images: Array(repeating: .file("a.png"), count: message.images))
            }
            let prompt = try ConversationEncoder(
                tokenizer: tokenizer, template: template, options: .chat
            ).prompt(for: messages)
            #expect(prompt.text == entry.text, "\(entry.template) \(entry.case)")
        }
    }

    @Test func `a folder's template is found in each of its files and known by its text`() throws {
        let gemma = try #require(ChatFormat.gemma.jinja)
        let quoted = try JSONValue.string(gemma).text(.compact)
        let named =
            #"[{"name": "tools", "template": "x"}, {"name": "default", "template": \#(quoted)}]"#
        for (name, text) in [
            ("chat_template.jinja", gemma.replacing("\n", with: "\r\n")),
            ("chat_template.json", #"{"chat_template": \#(quoted)}"#),
            ("processor_config.json", #"{"chat_template": \#(quoted)}"#),
            ("tokenizer_config.json", #"{"chat_template": \#(quoted), "other": 1}"#),
            ("tokenizer_config.json", #"{"chat_template": \#(named)}"#),
        ] {
            let folder = try TemporaryFolder()
            #expect(try FolderTemplate(folder: folder.path) == nil)
            try AtomicFile.write(text, to: folder.file(name))
            let found = try #require(try FolderTemplate(folder: folder.path), "\(name)")
            #expect(found.known == .gemma, "\(name)")
            #expect(try found.format() == .gemma)
        }
    }

    @Test func `a template is known in every spelling that renders the same`() throws {
        let own = try #require(ChatFormat.llama2.jinja)
        for spelled in [
            own, own.replacing("\n", with: "\r\n"), own.replacing("-%}\n{%-", with: "-%}\n\n  {%-"),
            own.replacing("{{- ", with: "{{-").replacing(" + ", with: "+"),
            own.replacing("\\n", with: "\n"), "{# Llama-2 #}\n" + own,
            own.replacing("'", with: "\""), own.replacing("-%}", with: "%}"),
        ] {
            #expect(try folder(spelled).known == .llama2, "\(spelled)")
        }
        for other in [
            own.replacing("<<SYS>>\\n", with: "<<SYS>> \\n"), own + "x", "x" + own,
            own.replacing("-%}", with: "%} "), own.replacing("loop.first", with: "true"), "",
        ] {
            #expect(try folder(other).known == nil, "\(other)")
        }
    }

    @Test func `each format knows its own template and no other`() throws {
        for format in ChatFormat.all {
            guard let jinja = format.jinja else { continue }
            #expect(try folder(jinja).known == format, "\(format.name)")
        }
    }

    private func folder(_ template: String) throws -> FolderTemplate {
        let folder = try TemporaryFolder()
        let text = try JSONValue.object(["chat_template": .string(template)]).text(.compact)
        try AtomicFile.write(text, to: folder.file("tokenizer_config.json"))
        return try #require(try FolderTemplate(folder: folder.path))
    }

    @Test func `a template that is not known is an error with what to choose`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("{{ messages[0]['content'] }}", to: folder.file("chat_template.jinja"))
        let found = try #require(try FolderTemplate(folder: folder.path))
        #expect(found.known == nil)
        let error = try #require(throws: ChatError.self) { try found.format() }
        #expect(error.code == .unknownTemplate)
        let parts = ["--template", "run file"] + ChatFormat.names
        for part in [folder.file("chat_template.jinja")] + parts {
            #expect(error.message.contains(part), "\(error)")
        }
    }

    @Test(arguments: ["{", #"{"chat_template": 3}"#, #"{"chat_template": [{"name": "x"}]}"#])
    func `a malformed file is an error that names it`(_ text: String) throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(text, to: folder.file("chat_template.json"))
        let error = #expect(throws: ChatError.self) {
            _ = try FolderTemplate(folder: folder.path)
        }
        #expect(error?.message.contains("chat_template.json") == true)
    }
}
