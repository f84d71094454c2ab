import Foundation
import MiphaFiles
import MiphaModels
import MiphaTestSupport
import MiphaTraining
import Testing

/// What a run that starts from the beginning finds in its folder.
@Suite struct FreshRunTests {
    private func files(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

    @Test func `a run that starts over leaves nothing of the one before`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with { $0.averageDecay = 0.9 }
        try progress(run)
        let output = run.outputFolder
        // A tokenizer of the run before must not be mixed with that of the next model.
        for name in ["reference.safetensors", "vocab.json", "model-00001-of-00002.safetensors"] {
            try AtomicFile.write("of the run before", to: "\(output)/\(name)")
        }
        try AtomicFile.write("the user's", to: "\(output)/notes.txt")
        try progress(tiny.with { $0.learningRate = 2e-3 }, resume: .never, stoppingAfter: 3)
        let left = try files(output).filter { !$0.hasPrefix("events.out.tfevents.") }
        #expect(
            left.subtracting(["inputs.json", "run.lock"]) == [
                "checkpoint-2", "checkpoint-3", "environment.json", "incidents.jsonl",
                "metrics.jsonl", "notes.txt", "resolved.yaml",
            ])
    }

    @Test func `a run that goes on keeps what is there`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with { $0.averageDecay = 0.9 }
        try progress(run)
        let before = try files(run.outputFolder).filter {
            !$0.hasPrefix("events.out.tfevents.") && !$0.hasPrefix("checkpoint-")
        }
        #expect(before.isSuperset(of: ["ema", "model.safetensors", "inputs.json"]))
        try progress(run, resume: .from("\(run.outputFolder)/checkpoint-4"), stoppingAfter: 1)
        #expect(
            try files(run.outputFolder).isSuperset(of: before.subtracting(["trainer_state.json"])))
    }

    @Test func `files of a folder that is not a run's are the user's`() throws {
        let tiny = try TinyRun(samples: 4)
        let output = tiny.run.outputFolder
        try FileManager.default.createDirectory(
            atPath: output, withIntermediateDirectories: true)
        let names: Set = ["config.json", "LICENSE", "vocab.json", "model.safetensors"]
        for name in names { try AtomicFile.write("the user's", to: "\(output)/\(name)") }
        try progress(tiny.run, stoppingAfter: 1)
        for name in names {
            #expect(
                try String(contentsOfFile: "\(output)/\(name)", encoding: .utf8) == "the user's")
        }
    }

    @Test(arguments: ["", "/", "/ema", "/checkpoint-4", "/checkpoint-4.set-aside"])
    func `a model in the place where the run writes is refused and stays`(part: String) throws {
        let tiny = try TinyRun(samples: 4)
        let output = tiny.folder.file("place")
        let model = output + part
        try FileManager.default.createDirectory(
            atPath: output, withIntermediateDirectories: true)
        if part.count < 2 { try FileManager.default.removeItem(atPath: output) }
        try FileManager.default.copyItem(atPath: tiny.run.model, toPath: output + part)
        try AtomicFile.write("", to: "\(output)/resolved.yaml")
        let link = tiny.folder.file("link")
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: output)
        let before = try weights(of: model)
        for folder in [output, link, output + "/."] {
            let run = tiny.with {
                $0.model = model
                $0.outputFolder = folder
            }
            let error = #expect(throws: TrainingError.self) {
                try Trainer(run, resume: .never).train()
            }
            #expect(error?.description.contains("use another output_dir") == true)
        }
        #expect(try weights(of: model) == before)
    }

    @Test func `config and tokenizer say how long the texts were`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.maximumLength = 77
            $0.averageDecay = 0.9
        }
        try progress(run, stoppingAfter: 3)
        #expect(try Trainer(run).model.config.maximumLength == 77)
        try progress(run)
        for part in ["", "/ema", "/checkpoint-6"] {
            let folder = run.outputFolder + part
            #expect(try MiphaConfig(folder: folder).maximumLength == 77, "\(part)")
            let tokenizer = try JSONValue(contentsOf: "\(folder)/tokenizer_config.json")
            #expect(tokenizer["model_max_length"]?.integerValue == 77, "\(part)")
        }
        let adapters = run.outputFolder + "-adapters"
        try progress(
            tiny.with {
                $0.stage = .instructLoRA
                $0.maximumLength = 78
                $0.outputFolder = adapters
            })
        #expect(try MiphaConfig(folder: adapters).maximumLength == 78)
    }
}
