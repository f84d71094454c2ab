import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaInference
import MiphaModels
import MiphaTestSupport
import Testing

@Suite struct ModelFolderTests {
    @Test func `a missing part is named together with what needs it`() throws {
        for (file, part) in [
            ("config.json", "config.json"), ("tokenizer.json", "tokenizer.json"),
            ("preprocessor_config.json", "preprocessor_config.json"),
        ] {
            let tiny = try TinyFolder()
            for name in [file] + (file == "tokenizer.json" ? ["vocab.json"] : []) {
                try FileManager.default.removeItem(atPath: "\(tiny.path)/\(name)")
            }
            let error = #expect(throws: InferenceError.self) {
                let bundle = try ModelBundle(folder: tiny.path, for: "mipha generate")
                _ = try bundle.prompts.values(of: .file(tiny.picture))
            }
            #expect(error?.message.contains(part) == true)
            #expect(error?.message.contains(tiny.path) == true)
        }
        #expect(throws: InferenceError.self) { try ModelFolder("/does/not/exist", for: "a test") }
        let tiny = try TinyFolder()
        #expect(throws: InferenceError.self) { try ModelFolder(tiny.picture, for: "a test") }
    }

    @Test func `a preprocessing of another size than the tower's is refused`() throws {
        let tiny = try TinyFolder()
        let path = "\(tiny.path)/preprocessor_config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try AtomicFile.write(text.replacing("14", with: "28"), to: path)
        let error = #expect(throws: InferenceError.self) {
            try ModelFolder(tiny.path, for: "a test").imageProcessor()
        }
        #expect(error?.message.contains("28 x 28") == true)
    }

    @Test func `a report counts parameters and lists what does not fit`() throws {
        let tiny = try TinyFolder()
        let whole = try ModelReport(ModelFolder(tiny.path, for: "a test"))
        #expect(whole.isComplete)
        let json = whole.json
        #expect(json["parameters"]?["total"]?.integerValue == whole.parameterCount)
        #expect(json["tokenizer"]?["tokens"]?.integerValue == 617)
        #expect(json["parameters"]?["language_head"]?.integerValue == 640 * 33)
        #expect(json["dtypes"]?["F32"]?.integerValue == whole.parameterCount)
        let path = "\(tiny.path)/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try AtomicFile.write(
            text.replacing("\"vocab_size\": 640", with: "\"vocab_size\": 650")
                .replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 3"),
            to: path)
        let broken = try ModelReport(ModelFolder(tiny.path, for: "a test"))
        #expect(!broken.isComplete)
        #expect(broken.mismatched.count == 3)
        #expect(broken.missing.contains("model.layers.2.mlp.fc1.weight"))
        #expect(broken.text.contains("mismatched"))
    }

    @Test func `a conversion to LLaVA and back keeps every weight`() throws {
        let tiny = try TinyFolder()
        let there = tiny.temporary.file("there")
        let back = tiny.temporary.file("back")
        let files = try ModelConversion.run(
            ModelFolder(tiny.path, for: "a test"), to: .llava, output: there, dropsHeadBias: false)
        #expect(files.contains("tokenizer.json") && files.contains("preprocessor_config.json"))
        _ = try ModelConversion.run(
            ModelFolder(there, for: "a test"), to: .mipha, output: back, dropsHeadBias: false)
        let original = try SafetensorsFile(path: "\(tiny.path)/model.safetensors")
        let copy = try SafetensorsFile(path: "\(back)/model.safetensors")
        #expect(Set(original.entries.map(\.name)) == Set(copy.entries.map(\.name)))
        for entry in original.entries {
            let other = try copy.requiredEntry(entry.name)
            #expect(original.bytes(of: entry) == copy.bytes(of: other), "\(entry.name)")
        }
    }

    @Test func `a chat session keeps turns, pictures and commands apart`() throws {
        let tiny = try TinyFolder()
        let prompts = try PromptBuilder(ModelFolder(tiny.path, for: "a test"))
        var session = ChatSession(sampling: SamplingOptions())
        #expect(try session.read("   ", checking: prompts) == .nothing)
        #expect(throws: (any Error).self) {
            try session.read("/image /does/not/exist.png", checking: prompts)
        }
        _ = try session.read("/image \(tiny.picture)", checking: prompts)
        guard case .question(let first) = try session.read("What?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(first.images == [.file(tiny.picture)])
        let outcome = ChatOutcome(
            reason: .stop, usage: ChatUsage(promptTokens: 1, imageTokens: 0))
        session.remember(ChatReply(text: "A cat.", tokens: [1], outcome: outcome))
        guard case .question(let second) = try session.read("Sure?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(second.messages.count == 3)
        session.remember(ChatReply(text: "Yes.", tokens: [1], outcome: outcome))
        let file = tiny.temporary.file("saved.json")
        _ = try session.read("/save \(file)", checking: prompts)
        let saved = try ConversationReader().read(file: file)
        #expect(saved.count == 1 && saved[0].turns.count == 4)
        #expect(saved[0].images == [tiny.picture])
        #expect(throws: InferenceError.self) { try session.read("/nothing", checking: prompts) }
        let alone = #expect(throws: InferenceError.self) {
            try session.read("<image> hi", checking: prompts)
        }
        #expect(alone?.message.contains("1 <image> markers, but 0 pictures") == true)
        _ = try session.read("/image \(tiny.picture)", checking: prompts)
        #expect(throws: InferenceError.self) {
            try session.read("<image> or <image>?", checking: prompts)
        }
        guard case .question(let third) = try session.read("See <image>?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(third.messages.last?.images == [.file(tiny.picture)])
        session.remember(ChatReply(text: "Yes.", tokens: [1], outcome: outcome))
        _ = try session.read("/save \(file)", checking: prompts)
        let again = try ConversationReader().read(file: file)
        #expect(again[0].turns[4].text == "See <image>?" && again[0].images.count == 2)
        _ = try session.read("/reset", checking: prompts)
        #expect(try session.read("/exit", checking: prompts) == .leave)
    }
}
