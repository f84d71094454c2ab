import Foundation
import MiphaFiles
import MiphaImaging
package import MiphaModels
import MiphaNN
package import MiphaTestSupport
import MiphaTorch

/// Random parameters that are large enough for every token to matter.
private struct LoudSource: ParameterSource {
    let generator: RandomGenerator

    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        guard case .normal = initializer else {
            return try InitializerSource(generator: generator, device: .cpu)
                .parameter(fact, shape: shape, initializer: initializer)
        }
        let inputs = Double(shape.dropFirst().reduce(1, *))
        return try .normal(
            shape, deviation: fact.role == .embedding ? 1 : 3 / inputs.squareRoot(),
            generator: generator)
    }

    func leftover(besides used: Set<String>) -> [String] { [] }
}

/// A model folder with random weights, the small tokenizer and an image.
package struct TinyFolder {
    /// The temporary folder that holds all files.
    package let temporary: TemporaryFolder
    /// The model folder.
    package let path: String
    /// An image of 20 x 11 pixels.
    package let picture: String

    /// Writes the files.
    ///
    /// - Parameters:
    ///   - isLoud: whether weights are so large that every token and every image matters to the
    ///     answer; else they are those of a fresh model.
    ///   - second: a tower beside the first, and the text of its image preprocessing.
    package init(
        isLoud: Bool = false, beside second: (tower: any TowerFamily, processor: String)? = nil
    ) throws {
        try Engine.setThreadCount(1)
        temporary = try TemporaryFolder()
        path = try temporary.copy(
            of: PackagePaths.fixture("tokenizers/small"), named: "model")
        let first = SigLIPConfig(
            hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 2, imageSize: 14,
            patchSize: 7, hasPoolingHead: false)
        let vision: any TowerConfiguration =
            if let second { try TowerPair(first, second.tower) } else { first }
        let config = MiphaConfig(
            vision: vision,
            language: PhiConfig(
                vocabularySize: 640, hiddenSize: 32, intermediateSize: 48, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5, maximumPositions: 512),
            maximumLength: 512)
        try Self.write(
            config, isLoud: isLoud,
            processors: [
                String(decoding: try ImageProcessor.siglip(size: 14).encoded(), as: UTF8.self)
            ]
                + (second.map { [$0.processor] } ?? []), to: path)
        picture = try Self.writePicture(to: temporary)
    }

    /// Writes a model of any families.
    ///
    /// - Parameters:
    ///   - tokenizer: the text of its `tokenizer.json`.
    ///   - processors: the texts of its image preprocessing, one for each tower.
    package init(_ config: MiphaConfig, tokenizer: String, processors: [String]) throws {
        try Engine.setThreadCount(1)
        temporary = try TemporaryFolder()
        path = temporary.file("model")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try AtomicFile.write(tokenizer, to: "\(path)/tokenizer.json")
        try Self.write(config, isLoud: true, processors: processors, to: path)
        picture = try Self.writePicture(to: temporary)
    }

    private static func write(
        _ config: MiphaConfig, isLoud: Bool, processors: [String], to path: String
    ) throws {
        let generator = try RandomGenerator(seed: 5)
        let model = try MiphaModel(
            config,
            source: isLoud
                ? LoudSource(generator: generator)
                : InitializerSource(generator: generator, device: .cpu))
        try model.save(to: path)
        for (tower, text) in processors.enumerated() {
            let suffix = tower == 0 ? "" : "_\(tower + 1)"
            try AtomicFile.write(text, to: "\(path)/preprocessor_config\(suffix).json")
        }
    }

    /// An image of noise.
    private static func writePicture(to temporary: TemporaryFolder) throws -> String {
        let picture = temporary.file("picture.png")
        var bytes = SplitMix64(seed: 1)
        let pixels = (0..<20 * 11 * 3).map { _ in UInt8(truncatingIfNeeded: bytes.next()) }
        try AtomicFile.write(
            try RGBImage(width: 20, height: 11, pixels: pixels).pngData(), to: picture)
        return picture
    }
}
