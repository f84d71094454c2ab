import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaTestSupport
import MiphaTraining
import Synchronization
import Testing

/// What a trained folder says about images, and the notes of a run about its model's folder.
@Suite struct TrainedFolderTests {
    /// A one-update run over a model in the LLaVA layout.
    private func run(
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> (tiny: TinyRun, run: RunConfiguration) {
        let tiny = try TinyRun(samples: 4)
        let base = try tiny.folder.folder("llava")
        try MiphaModel(folder: tiny.run.model).save(
            to: base, options: MiphaModel.SaveOptions(layout: .llava, dropsHeadBias: true))
        for name in ["tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(tiny.run.model)/\(name)", toPath: "\(base)/\(name)")
        }
        var config = try ConfigReader(contentsOf: "\(base)/config.json").object
        config["image_aspect_ratio"] = nil
        try JSONValue.object(config).write(to: "\(base)/config.json")
        let run = tiny.with {
            $0.model = base
            $0.maximumSteps = 1
            $0.saveSteps = 0
            change(&$0)
        }
        return (tiny, run)
    }

    private func notes(_ run: RunConfiguration) throws -> [String] {
        let told = Collected()
        _ = try Trainer(run, note: { told.add($0) })
        return told.lines
    }

    @Test(arguments: [nil, ImageAspectRatio.pad, .square])
    func `a trained folder says what it was trained with`(_ ratio: ImageAspectRatio?) throws {
        let (tiny, run) = try run { $0.aspectRatio = ratio }
        _ = try Trainer(run).train()
        let expected = ratio ?? .pad
        let file = try #require(try ImageProcessorFile(folder: run.outputFolder))
        #expect(file.processor.kind == (expected == .pad ? .llava : .siglip))
        #expect(try file.aspectRatio(stated: nil, by: "") == expected)
        let image = try RGBImage(contentsOf: "\(tiny.run.imageFolder)/0.png")
        #expect(
            try file.processor.pixelValues(image, aspectRatio: expected)
                == ImageProcessor.siglip(size: 28).pixelValues(image, aspectRatio: expected))
    }

    @Test func `a run goes on from a folder that has only processor_config`() throws {
        let (tiny, run) = try run()
        defer { withExtendedLifetime(tiny) {} }
        let path = "\(run.model)/preprocessor_config.json"
        let inner = try ConfigReader(contentsOf: path).object
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: FolderError.self) { _ = try Trainer(run) }
        try JSONValue.object([
            "image_processor": .object(inner), "processor_class": "LlavaProcessor",
        ])
        .write(to: "\(run.model)/processor_config.json")
        _ = try Trainer(run).train()
        let file = try #require(try ImageProcessorFile(folder: run.outputFolder))
        #expect(file.processor.pads)
        let outer = try JSONValue(contentsOf: "\(run.outputFolder)/processor_config.json")
        #expect(outer["processor_class"] == "LlavaProcessor" && outer["image_processor"] == nil)
    }

    @Test func `a run reports where it does not follow its model's folder`() throws {
        let (tiny, run) = try run()
        defer { withExtendedLifetime(tiny) {} }
        let told = try notes(run)
        #expect(told.count == 1 && told[0].contains("image_aspect_ratio"), "\(told)")
        var chosen = run
        chosen.aspectRatio = .pad
        #expect(try notes(chosen).isEmpty)
        try AtomicFile.write("{{ 1 }}", to: "\(run.model)/chat_template.jinja")
        let error = try #require(throws: ChatError.self) { _ = try Trainer(chosen) }
        #expect(error.message.contains("template of a run file"), "\(error)")
        chosen.template = "phi"
        #expect(try notes(chosen).isEmpty)
        chosen.template = nil
        chosen.stage = .align
        #expect(try Trainer(chosen).run.template == "plain")
    }

    @Test func `a run takes the chat format of its model's folder`() throws {
        let (tiny, run) = try run()
        defer { withExtendedLifetime(tiny) {} }
        let jinja = try #require(ChatFormat.gemma.jinja)
        try AtomicFile.write(jinja, to: "\(run.model)/chat_template.jinja")
        let error = try #require(throws: ChatError.self) { _ = try Trainer(run) }
        #expect(
            error.code == .unsuitableTemplate && error.message.contains("\"gemma\""), "\(error)")
        let hf = try #require(ChatFormat.llavaHF.jinja)
        try AtomicFile.write(hf, to: "\(run.model)/chat_template.jinja")
        let refused = try #require(throws: ChatError.self) { _ = try Trainer(run) }
        #expect(refused.message.contains("no end after an answer"), "\(refused)")
    }

    @Test func `a trained folder names the format that it was trained with`() throws {
        let (tiny, run) = try run { $0.template = "phi" }
        defer { withExtendedLifetime(tiny) {} }
        let carried = "\(run.outputFolder)/chat_template.jinja"
        _ = try Trainer(run).train()
        #expect(FileSystem.isMissing(carried))
        let other = tiny.folder.file("other")
        let hf = try #require(ChatFormat.llavaHF.jinja)
        try AtomicFile.write(hf, to: "\(run.model)/chat_template.jinja")
        var again = run
        again.outputFolder = other
        _ = try Trainer(again).train()
        #expect(
            try String(contentsOfFile: "\(other)/chat_template.jinja", encoding: .utf8)
                == ChatFormat.phi.jinja)
        #expect(try ModelFolder(other, for: "a test").template() == .phi)
    }

    @Test func `a template of an earlier run does not survive an alignment run`() throws {
        var (tiny, run) = try run { $0.stage = .align }
        defer { withExtendedLifetime(tiny) {} }
        run.dataFiles = [
            try tiny.data(
                "captions.json",
                [0, 1, 2, 0].map {
                    Conversation("<image>", "picture \($0)", pictures: ["\($0).png"])
                })
        ]
        // Without the record of that run, its files are not removed at the beginning.
        let carried = "\(run.outputFolder)/chat_template.jinja"
        try FileSystem.createFolder(run.outputFolder)
        try AtomicFile.write(try #require(ChatFormat.gemma.jinja), to: carried)
        _ = try Trainer(run).train()
        #expect(FileSystem.isMissing(carried))
        #expect(try ModelFolder(run.outputFolder, for: "a test").template() == .phi)
    }

    @Test func `an adapter is used and merged with the format that it was trained with`() throws {
        let tiny = try TinyRun(samples: 4)
        defer { withExtendedLifetime(tiny) {} }
        let hf = try #require(ChatFormat.llavaHF.jinja)
        try AtomicFile.write(hf, to: "\(tiny.run.model)/chat_template.jinja")
        let run = tiny.with {
            $0.stage = .instructLoRA
            $0.adapters.rank = 2
            $0.template = "phi"
            $0.maximumSteps = 1
            $0.saveSteps = 0
        }
        _ = try Trainer(run).train()
        let own = "\(run.outputFolder)/chat_template.jinja"
        func opened() throws -> ModelFolder {
            try ModelFolder(run.model, adapter: run.outputFolder, for: "a test")
        }
        #expect(try opened().template() == .phi)
        #expect(try !opened().notes.contains { $0.contains("chat_template.jinja") })
        func merged(_ name: String) throws -> String {
            let output = tiny.folder.file(name)
            _ = try ModelConversion.merge(
                AdapterFolder(run.outputFolder), into: ModelFolder(run.model, for: "a test"),
                output: output)
            return try String(contentsOfFile: "\(output)/chat_template.jinja", encoding: .utf8)
        }
        #expect(try merged("merged") == ChatFormat.phi.jinja)
        // A conversion folds the adapter in too.
        let converted = tiny.folder.file("converted")
        _ = try ModelConversion.run(opened(), to: .llava, output: converted, dropsHeadBias: true)
        #expect(try ModelFolder(converted, for: "a test").template() == .phi)
        // One that is not known changes nothing but a note.
        try AtomicFile.write("{{ 1 }}", to: own)
        #expect(try opened().template() == .llavaHF)
        #expect(try opened().notes.contains { $0.hasPrefix("\(own): differs") })
        #expect(try merged("again") == hf)
    }

    @Test func `a run reports a published template that is not the family's`() throws {
        let (tiny, run) = try run { $0.aspectRatio = .pad }
        defer { withExtendedLifetime(tiny) {} }
        // The tokenizer gets the end of turn of the template.
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            let path = "\(run.model)/\(name)"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try AtomicFile.write(text.replacing("<pad>", with: "<|im_end|>"), to: path)
        }
        let path = "\(run.model)/chat_template.jinja"
        let jinja = try #require(ChatFormat.chatML.jinja)
        try AtomicFile.write(jinja, to: path)
        #expect(try notes(run).isEmpty)
        try AtomicFile.write(jinja.replacing("{{- ", with: "{{-  "), to: path)
        #expect(
            try notes(run) == [
                "\(path): prompts are written as chatml; models of this family are usually trained "
                    + "with phi; template of the run file chooses"
            ])
        var chosen = run
        chosen.template = "chatml"
        #expect(try notes(chosen).isEmpty)
    }

    @Test func `dropout that is not done is refused before the run`() throws {
        let (tiny, run) = try run()
        defer { withExtendedLifetime(tiny) {} }
        var config = try ConfigReader(contentsOf: "\(run.model)/config.json").object
        var text = try #require(config["text_config"]?.objectValue)
        text["attention_dropout"] = 0.1
        config["text_config"] = .object(text)
        try JSONValue.object(config).write(to: "\(run.model)/config.json")
        let error = try #require(throws: TrainingError.self) { _ = try Trainer(run) }
        #expect("\(error)".contains("text_config.attention_dropout"), "\(error)")
    }
}

/// Lines that were reported, from any thread.
private final class Collected: Sendable {
    private let told = Mutex<[String]>([])

    var lines: [String] { told.withLock { $0 } }

    func add(_ line: String) { told.withLock { $0.append(line) } }
}
