import MiphaChat
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// A tiny model of transformers (Tools/goldens/families.py): one tower, or two side by side, and one
/// language model.
///
/// A new family adds a fixture and a case here, and every test of this target runs on it.
enum FamilyCase: String, CaseIterable, CustomTestStringConvertible {
    case siglipPhi = "siglip-phi"
    case clipLlama = "clip-llama"
    case clipPhi = "clip-phi"
    case dinov2Llama = "dinov2-llama"
    case dinov2RegistersPhi = "dinov2-registers-phi"
    case siglipClipPhi = "siglip-clip-phi"
    case siglipQwen2 = "siglip-qwen2"
    case siglipStableLM = "siglip-stablelm"
    case siglipMistral = "siglip-mistral"
    case siglipPhi3 = "siglip-phi3"
    /// As in transformers 4: features of images are scaled, and the GELU is exact.
    case siglipGemma = "siglip-gemma"
    /// As in version 5: words alone are scaled.
    case siglipGemma5 = "siglip-gemma-5"
    case siglipGemma2 = "siglip-gemma2"
    case siglipShufflePhi = "siglip-shuffle-phi"
    case siglipPoolPhi = "siglip-pool-phi"

    var testDescription: String { rawValue }

    /// The model folder.
    var folder: String { PackagePaths.fixture("families/\(rawValue)/model") }

    /// Whether a layout has a place for the model: that of transformers has one for one tower, and for a
    /// projector that keeps the number of tokens.
    func fits(_ layout: CheckpointLayout) -> Bool {
        layout == .mipha || ![.siglipClipPhi, .siglipShufflePhi, .siglipPoolPhi].contains(self)
    }

    func file(_ name: String) throws -> GoldenFile {
        try GoldenFile("\(rawValue)/\(name).safetensors", in: "families")
    }

    func model(use: CheckpointSource.Use = .inference) throws -> MiphaModel {
        // Tests run side by side; threads that wait for each other would cost more than they give.
        try Engine.setThreadCount(1)
        return try MiphaModel(folder: folder, use: use)
    }

    /// Two rows, an image in the first.
    func batch() throws -> MiphaBatch {
        let inputs = try file("inputs")
        return MiphaBatch(
            ids: try inputs.rows("ids"), labels: try inputs.rows("labels"),
            pixels: try pixels(images(inputs, "")))
    }

    /// The images of a file, each with the pixels of all towers.
    private func images(_ file: GoldenFile, _ suffix: String) throws -> [PreparedImage] {
        let names = ["pixel_values", "pixel_values_2"].map { $0 + suffix }.filter(file.has)
        let blocks = try names.map { name in
            let sizes = try file.shape(name)
            let (values, count) = (try file.floats(name), sizes.dropFirst().reduce(1, *))
            return try (0..<sizes[0]).map { image in
                try PixelBlock(
                    channels: sizes[1], height: sizes[2], width: sizes[3],
                    values: Array(values[image * count..<(image + 1) * count]))
            }
        }
        return blocks[0].indices.map { image in
            PreparedImage(PixelBlocks(blocks[0][image], blocks.dropFirst().map { $0[image] }))
        }
    }

    /// The pixels of images as a batch has them.
    func pixels(_ images: [PreparedImage]) throws -> Tensor? {
        guard let first = images.first else { return nil }
        let sizes = first.pixels.count == 1 ? first.pixels[0].shape : [first.pixels.valueCount]
        return try Tensor(
            images.flatMap { $0.pixels.flatMap(\.values) }, shape: [images.count] + sizes)
    }

    /// The prompts and the 64 ids that transformers answers greedily.
    func prompts() throws -> [(prompt: GenerationPrompt, answer: [Int])] {
        let file = try file("prompts")
        return try file.rows("ids").enumerated().map { row, ids in
            let images = try images(file, ".\(row)")
            return (
                GenerationPrompt(ids: ids, images: images), try file.integers("generated.\(row)")
            )
        }
    }

    /// Gradients of the mean loss by canonical names.
    func gradients() throws -> [String: [Float]] {
        let file = try file("gradients")
        let config = try MiphaConfig(folder: folder)
        let modules = try #require(config.dialects(config.layout).last)
        var gradients: [String: [Float]] = [:]
        for name in file.names {
            guard case .name(let canonical) = modules.canonical(name) else {
                Issue.record("no rule knows \(name)")
                continue
            }
            gradients[canonical] = try file.floats(name)
        }
        return gradients
    }

    /// An engine that keeps nothing between requests.
    ///
    /// The model knows ids and no words, so the tokenizer beside it has the end of a text only; no
    /// answer of a fixture holds 0.
    func engine() throws -> InferenceEngine {
        try Engine.setThreadCount(1)
        let temporary = try TemporaryFolder()
        return try withExtendedLifetime(temporary) {
            let path = try temporary.copy(of: folder, named: "model")
            let config = try MiphaConfig(folder: path)
            let end = try ChatFormat.named(config.chatFormat).endOfTurn
            let tokenizer: JSONValue = [
                "model": ["vocab": [:], "merges": []],
                "added_tokens": [["id": 0, "content": .string(end), "special": true]],
                "pre_tokenizer": ["type": "ByteLevel"], "decoder": ["type": "ByteLevel"],
            ]
            try tokenizer.write(to: "\(path)/tokenizer.json")
            return InferenceEngine(
                try ModelBundle(folder: path, for: "a test", device: .underTest),
                keepsBeginning: false)
        }
    }
}

/// Ends the test when values differ: what comes after the first wrong layer is wrong too.
func requireClose(
    _ name: String, _ found: Tensor, _ expected: [Float], _ tolerance: Tolerance,
    _ location: SourceLocation = #_sourceLocation
) throws {
    let comparison = try Comparison(
        name, found.values(as: Float.self), expected, tolerance, shape: found.shape)
    try #require(comparison.passes, "\(comparison)", sourceLocation: location)
}
