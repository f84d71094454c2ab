import MiphaData
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaTestSupport
import MiphaTraining
import Testing

/// A run does not begin with a model folder whose parts do not belong together; its data are not read.
@Suite struct ModelRefusalTests {
    private let tiny: TinyRun
    private let run: RunConfiguration

    init() throws {
        tiny = try TinyRun(samples: 4)
        run = tiny.with { $0.dataFiles = ["/does/not/exist.json"] }
    }

    /// What training and planning say.
    private func refusals(_ run: RunConfiguration) -> [FolderError?] {
        [
            #expect(throws: FolderError.self) { try Trainer(run) },
            #expect(throws: FolderError.self) { try RunPlan(run, base: 0) },
        ]
    }

    @Test(arguments: [TrainingStage.align, .instruct, .sft, .preference])
    func `a tokenizer with more ids than vocab_size is refused`(_ stage: TrainingStage) throws {
        try TokenizerFile.fill(run.model, upTo: 701)
        var run = run
        run.stage = stage
        let message =
            "\(run.model): the tokenizer has 701 tokens, but the model's vocab_size is 700; these "
            + "files do not belong together"
        #expect(refusals(run).allSatisfy { $0?.message == message })
    }

    @Test func `a tokenizer that fills the vocabulary is trained with`() throws {
        try TokenizerFile.fill(tiny.run.model, upTo: 700)
        #expect(try Trainer(tiny.run).plan.totalSteps == 6)
    }

    @Test func `images of another size than the tower's are refused`() throws {
        try AtomicFile.write(
            ImageProcessor.siglip(size: 32).encoded(),
            to: "\(run.model)/preprocessor_config.json")
        for error in refusals(run) {
            #expect(error?.message.contains("32 x 32") == true)
            #expect(error?.message.contains("28 x 28") == true)
        }
    }

    @Test func `a missing part is named with what needs it`() throws {
        FileSystem.remove("\(run.model)/preprocessor_config.json")
        #expect(
            refusals(run).allSatisfy {
                $0?.message.hasSuffix("is missing; a run with images needs it") == true
            })
        FileSystem.remove("\(run.model)/config.json")
        #expect(
            refusals(run).allSatisfy {
                $0?.message == "\(run.model): config.json is missing; training needs it"
            })
    }

    @Test func `the stage and the model choose the template`() throws {
        #expect(try Trainer(tiny.run).run.template == "phi")
        #expect(try Trainer(tiny.with { $0.stage = .align }).run.template == "plain")
        #expect(try Trainer(tiny.with { $0.template = "plain" }).run.template == "plain")
        #expect(try RunPlan(tiny.run, base: 0).run == tiny.run)
    }
}
