import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaTestSupport
import MiphaTinyFolder
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
            let error = #expect(throws: FolderError.self) {
                let folder = try ModelFolder(tiny.path, for: "mipha generate")
                _ = try PromptParts(folder)
                _ = try folder.imageProcessors()
            }
            #expect(error?.message.contains(part) == true)
            #expect(error?.message.contains(tiny.path) == true)
            #expect(error?.message.contains("mipha generate needs it") == true)
            #expect(error?.code == .missingPart)
        }
        #expect(throws: FolderError.self) { try ModelFolder("/does/not/exist", for: "a test") }
        let tiny = try TinyFolder()
        #expect(throws: FolderError.self) { try ModelFolder(tiny.picture, for: "a test") }
    }

    @Test func `a preprocessing of another size than the tower's is refused`() throws {
        let tiny = try TinyFolder()
        let path = "\(tiny.path)/preprocessor_config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try AtomicFile.write(text.replacing("14", with: "28"), to: path)
        let error = #expect(throws: FolderError.self) {
            try ModelFolder(tiny.path, for: "a test").imageProcessors()
        }
        #expect(error?.message.contains("28 x 28") == true)
    }

    @Test func `without a limit of texts the positions of the language model are the context`()
        throws
    {
        let tiny = try TinyFolder()
        let path = "\(tiny.path)/config.json"
        var config = try ConfigReader(contentsOf: path).object
        config["tokenizer_model_max_length"] = .integer(.max)
        try JSONValue.object(config).write(to: path)
        let folder = try ModelFolder(tiny.path, for: "a test")
        #expect(folder.contextLength == folder.config.language.maximumPositions)
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
}
