import Foundation
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch

/// A model folder with random weights, the small tokenizer and a picture.
struct TinyFolder {
    let temporary: TemporaryFolder
    let path: String
    let picture: String

    init() throws {
        try Engine.setThreadCount(1)
        temporary = try TemporaryFolder()
        path = try temporary.copy(
            of: PackagePaths.fixture("tokenizers/small"), named: "model")
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 2, imageSize: 14,
                patchSize: 7, hasPoolingHead: false),
            language: PhiConfig(
                vocabularySize: 640, hiddenSize: 32, intermediateSize: 48, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5, maximumPositions: 512),
            maximumLength: 512)
        let model = try MiphaModel(
            config, source: InitializerSource(generator: try RandomGenerator(seed: 5)))
        try model.save(to: path)
        try AtomicFile.write(
            try ImageProcessor.siglip(size: 14).encoded(), to: "\(path)/preprocessor_config.json")
        picture = temporary.file("picture.png")
        var generator = SplitMix64(seed: 1)
        let pixels = (0..<20 * 11 * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        try AtomicFile.write(
            try RGBImage(width: 20, height: 11, pixels: pixels).pngData(), to: picture)
    }

    func bundle() throws -> sending ModelBundle {
        try ModelBundle(folder: path, for: "a test")
    }
}
