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

/// A folder with a tiny random model, a few images and conversations, for runs of a second.
struct TinyRun {
    let folder: TemporaryFolder
    let run: RunConfiguration

    /// Creates model and data.
    ///
    /// - Parameter samples: number of conversations, every fourth without an image.
    init(samples: Int = 12, dropout: Double = 0) throws {
        folder = try TemporaryFolder()
        let base = try folder.copy(
            of: PackagePaths.fixture("tokenizers/small"), named: "base")
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 32, intermediateSize: 48, layerCount: 3, headCount: 4, imageSize: 28,
                patchSize: 7),
            language: PhiConfig(
                vocabularySize: 700, hiddenSize: 32, intermediateSize: 48, layerCount: 2,
                headCount: 2, partialRotaryFactor: 0.5, residualDropout: dropout))
        let generator = try RandomGenerator(seed: 5)
        let model = try MiphaModel(config, source: InitializerSource(generator: generator))
        try model.save(to: base)
        try AtomicFile.write(
            ImageProcessor.siglip(size: 28).encoded(), to: "\(base)/preprocessor_config.json")
        try Self.writeData(to: folder, samples: samples)
        var run = RunConfiguration()
        run.model = base
        run.outputFolder = folder.file("out")
        run.dataFiles = [folder.file("data.json")]
        run.imageFolder = folder.file("images")
        run.batchSize = 2
        run.accumulation = 2
        run.learningRate = 1e-3
        run.maximumSteps = 6
        run.saveSteps = 2
        self.run = run
    }

    private static func writeData(to folder: TemporaryFolder, samples: Int) throws {
        let images = try folder.folder("images")
        var random = SplitMix64(seed: 3)
        var items: [JSONValue] = []
        for index in 0..<samples {
            var item: JSONObject = ["id": .string("s\(index)")]
            var question = "What is number \(index)?"
            if index % 4 != 3 {
                let (width, height) = (20 + index, 31)
                let pixels = (0..<width * height * 3).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
                let image = try RGBImage(width: width, height: height, pixels: pixels)
                try AtomicFile.write(image.pngData(), to: "\(images)/\(index).png")
                item["image"] = .string("\(index).png")
                question = "<image>\n" + question
            }
            let answer = Array(repeating: "word", count: 1 + index % 5).joined(separator: " ")
            item["conversations"] = [
                ["from": "human", "value": .string(question)],
                ["from": "gpt", "value": .string(answer)],
            ]
            items.append(.object(item))
        }
        try JSONValue.array(items).write(to: folder.file("data.json"))
    }

    /// The same run with changes.
    func with(_ change: (inout RunConfiguration) -> Void) -> RunConfiguration {
        var changed = run
        change(&changed)
        return changed
    }
}

/// All tensors of a model folder by name, as bytes.
func weights(of folder: String) throws -> [String: [UInt8]] {
    let checkpoint = try Checkpoint(folder: folder)
    return try Dictionary(
        uniqueKeysWithValues: checkpoint.names.map { name in
            guard let (file, entry) = checkpoint.find(name) else {
                throw TrainingError(.failed, name)
            }
            return (name, file.bytes(of: entry))
        })
}
