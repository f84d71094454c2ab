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
