import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// A tiny model with prompts and the 64 ids that the reference answers greedily.
struct GoldenModel: CustomTestStringConvertible, Sendable {
    let name: String
    let folder: String
    let prompts: [GenerationPrompt]
    let answers: [[Int]]

    var testDescription: String { name }

    /// Every golden model with answers.
    static func all() throws -> [GoldenModel] {
        try [
            GoldenModel(
                "tiny", folder: "tiny", side: 30, inputs: "tiny/generate", prompt: "prompt",
                expected: "tiny/generate", answer: "ids"),
            GoldenModel(
                "square", folder: "square", side: 17, inputs: "square/generate", prompt: "prompt",
                expected: "square/generate", answer: "ids"),
            GoldenModel(
                "llava-hf", folder: "llava-hf/v5", side: 17, inputs: "llava-hf/inputs",
                prompt: "ids", expected: "llava-hf/expected", answer: "generated"),
        ]
    }

    private init(
        _ name: String, folder: String, side: Int, inputs: String, prompt: String,
        expected: String, answer: String
    ) throws {
        let inputFile = try GoldenFile("\(inputs).safetensors")
        let size = 3 * side * side
        let pixels = try inputFile.floats("pixel_values")
        let images = try inputFile.rows("images")
        self.name = name
        self.folder = PackagePaths.fixture("goldens/\(folder)")
        prompts = try zip(inputFile.rows(prompt), images).map { ids, images in
            try GenerationPrompt(
                ids: ids,
                images: images.map {
                    let values = Array(pixels[$0 * size..<($0 + 1) * size])
                    return PreparedImage(
                        try PixelBlock(height: side, width: side, values: values))
                })
        }
        answers = try GoldenFile("\(expected).safetensors").rows(answer)
    }

    func model() throws -> MiphaModel {
        // Tests run side by side; threads that wait for each other would cost more than they give.
        try Engine.setThreadCount(1)
        return try MiphaModel(folder: folder)
    }

    /// An engine that keeps nothing between requests.
    ///
    /// The model knows ids and no words, so the tokenizer beside it has the end of a text only.
    ///
    /// - Parameter end: the id that ends an answer; no answer of a golden holds 0.
    func engine(end: Int = 0) throws -> InferenceEngine {
        try Engine.setThreadCount(1)
        let temporary = try TemporaryFolder()
        return try withExtendedLifetime(temporary) {
            let path = try temporary.copy(of: folder, named: "model")
            let tokenizer: JSONValue = [
                "model": ["vocab": [:], "merges": []],
                "added_tokens": [
                    ["id": .integer(end), "content": "<|endoftext|>", "special": true]
                ],
                "pre_tokenizer": ["type": "ByteLevel"], "decoder": ["type": "ByteLevel"],
            ]
            try tokenizer.write(to: "\(path)/tokenizer.json")
            return InferenceEngine(
                try ModelBundle(folder: path, for: "a test", device: .underTest),
                keepsBeginning: false)
        }
    }
}
