import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs from a model folder in the layout of transformers' LLaVA.
@Suite struct LayoutRunTests {
    /// Makes the run's model one in that layout.
    private func tiny() throws -> TinyRun {
        let tiny = try TinyRun(dropout: 0.1)
        let model = try MiphaModel(folder: tiny.run.model, use: .training)
        try model.store["lm_head.bias"]?.setZero()
        try model.save(
            to: tiny.run.model, options: MiphaModel.SaveOptions(layout: .llava))
        return tiny
    }

    @Test(arguments: [TrainingStage.instruct, .align, .alignParity], [DType.float32, .bfloat16])
    func `a run that was stopped ends with the bits of one that was not`(
        stage: TrainingStage, dtype: DType
    ) throws {
        let tiny = try tiny()
        let data = try tiny.data(
            "captions.json",
            [0, 1, 2, 4, 5, 6].map {
                Conversation("<image>", "picture \($0)", pictures: ["\($0).png"])
            })
        let run = tiny.with {
            $0.stage = stage
            $0.dtype = dtype
            $0.averageDecay = 0.9
            if stage != .instruct { $0.dataFiles = [data] }
            $0.maximumSteps = 4
        }
        var whole = run
        whole.outputFolder = tiny.folder.file("whole")
        try progress(whole)
        try progress(run, stoppingAfter: 2)
        let trainer = try Trainer(run)
        #expect(trainer.firstStep == 2)
        #expect(
            try trainer.model.store.names == MiphaModel(folder: run.model).store.names)
        try progress(run)
        for part in ["", "/ema", "/checkpoint-4"] {
            let (found, expected) = (run.outputFolder + part, whole.outputFolder + part)
            #expect(try weights(of: found) == weights(of: expected), "\(part)")
            let configs = try [found, expected].map {
                try String(contentsOfFile: "\($0)/config.json", encoding: .utf8)
            }
            #expect(configs[0] == configs[1], "\(part)")
        }
        #expect(try weights(of: run.outputFolder) != weights(of: run.model))
        let config = try MiphaConfig(folder: run.outputFolder)
        #expect(config.layout == .llava)
        #expect(config.imageAspectRatio == (stage == .instruct ? "pad" : "square"))
        #expect(config.imageTokenID == trainer.model.config.imageTokenID)
    }

    @Test func `the element type of the result is stated under every key that was there`() throws {
        let tiny = try tiny()
        let path = "\(tiny.run.model)/config.json"
        guard case .object(var config) = try JSONValue(contentsOf: path) else { return }
        // As version 5 of transformers has it.
        config["dtype"] = "float32"
        let text = try #require(config["text_config"]?.objectValue)
        config["text_config"] = .object(text.merging(["dtype": "float32"]))
        try JSONValue.object(config).write(to: path)
        let run = tiny.with {
            $0.dtype = .bfloat16
            $0.maximumSteps = 1
        }
        try progress(run)
        let written = try JSONValue(contentsOf: "\(run.outputFolder)/config.json")
        #expect(written["dtype"] == "bfloat16" && written["torch_dtype"] == "bfloat16")
        #expect(written["text_config"]?["dtype"] == "bfloat16")
    }
}
