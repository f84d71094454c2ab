import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs at another image size than that of their model.
@Suite struct ImageSizeRunTests {
    @Test func `a run trains at the chosen size, writes it, and goes on at it`() throws {
        let tiny = try TinyRun(samples: 8)
        let run = tiny.with {
            $0.imageSize = 35
            $0.maximumSteps = 4
            $0.tune = [.tower: .full]
        }
        let whole = tiny.with {
            $0 = run
            $0.outputFolder = tiny.folder.file("uninterrupted")
        }
        try progress(whole)
        try progress(run, stoppingAfter: 3)
        try progress(run)
        #expect(try weights(of: run.outputFolder) == weights(of: whole.outputFolder))
        let name = "model.vision_tower.vision_model.embeddings.position_embedding.weight"
        for folder in ["\(whole.outputFolder)/checkpoint-2", run.outputFolder] {
            let written = try ModelFolder(folder, for: "a test")
            #expect(written.config.vision.inputs.map(\.width) == [35])
            #expect(written.config.tokensPerImage == 25)
            #expect(try written.imageProcessors() == [.siglip(size: 35)])
            let model = try written.model(device: .cpu)
            #expect(model.store[name]?.shape == [25, 32])
        }
    }

    @Test func `master weights of a lower precision begin with the interpolated table`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.imageSize = 21
            $0.maximumSteps = 1
            $0.saveSteps = 0
            $0.dtype = .bfloat16
            $0.tune = [.tower: .full]
        }
        _ = try Trainer(run).train()
        #expect(try ModelFolder(run.outputFolder, for: "a test").config.tokensPerImage == 9)
    }

    @Test func `a run with adapters is refused, with what to do`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.imageSize = 35
            $0.stage = .instructLoRA
        }
        let error = #expect(throws: TrainingError.self) { try Trainer(run) }
        #expect(error?.description.contains("mipha convert --image-size") == true)
    }
}
