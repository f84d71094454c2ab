import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Both stages on sentences and images made for people, with Phi's own tokenizer.
@Suite(
    .enabled(
        if: PackagePaths.sharedData("data/nlvr/train.json") != nil
            && PackagePaths.sharedData("data/phi-tokenizer/tokenizer.json") != nil))
struct RealDataTests {
    private let folder: TemporaryFolder
    private let base: String
    private let data: String
    private let images: String

    init() throws {
        folder = try TemporaryFolder()
        let tokenizer = try #require(PackagePaths.sharedData("data/phi-tokenizer"))
        let nlvr = try #require(PackagePaths.sharedData("data/nlvr"))
        base = try folder.copy(of: tokenizer, named: "base")
        data = folder.file("data.json")
        images = "\(nlvr)/images"
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 32, intermediateSize: 48, layerCount: 3, headCount: 4, imageSize: 56,
                patchSize: 14),
            language: PhiConfig(
                hiddenSize: 16, intermediateSize: 32, layerCount: 2, headCount: 2,
                partialRotaryFactor: 0.5, residualDropout: 0.1))
        let model = try MiphaModel(
            config, source: InitializerSource(generator: RandomGenerator(seed: 5)))
        try model.save(to: base)
        try AtomicFile.write(
            ImageProcessor.siglip(size: 56).encoded(), to: "\(base)/preprocessor_config.json")
        guard case .array(let items) = try JSONValue(contentsOf: "\(nlvr)/train.json") else {
            return
        }
        try JSONValue.array(Array(items.prefix(16))).write(to: data)
    }

    private func run(_ stage: TrainingStage, model: String) -> RunConfiguration {
        var run = RunConfiguration()
        run.model = model
        run.outputFolder = folder.file(stage.rawValue)
        run.stage = stage
        run.dataFiles = [data]
        run.imageFolder = images
        run.batchSize = 4
        run.maximumSteps = 4
        run.learningRate = 1e-2
        run.warmupRatio = 0
        run.saveSteps = 0
        return run
    }

    @Test func `alignment and then instruction tuning run on real sentences`() throws {
        let align = run(.align, model: base)
        let aligned = try progress(align)
        let tune = run(.instruct, model: align.outputFolder)
        let tuned = try progress(tune)
        for report in aligned + tuned {
            // "Yes" or "No" and the end of the turn.
            #expect(report.supervisedTokens == 8)
            #expect(report.loss.isFinite && report.gradientNorm > 0)
        }
        // The image's 16 positions, its marker gone, and a caption of two tokens.
        #expect(aligned.allSatisfy { $0.tokens == 4 * 18 })
        #expect(tuned.allSatisfy { $0.tokens > 4 * 60 && $0.tokens < 4 * 160 })
        #expect(abs(aligned[0].loss - log(51_200)) < 0.2)
        #expect(tuned[3].loss < tuned[0].loss - 0.3)
        for name in ["tokenizer.json", "preprocessor_config.json", "config.json"] {
            let path = "\(tune.outputFolder)/\(name)"
            #expect(FileManager.default.fileExists(atPath: path), "\(name)")
        }
        let config = try ConfigReader(contentsOf: "\(tune.outputFolder)/config.json")
        #expect(try config.string("image_aspect_ratio") == "pad")
    }
}
