import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport

/// The `square` golden model with room for the small tokenizer's ids, that tokenizer, and images.
struct SampleFolder {
    let temporary: TemporaryFolder
    /// A complete model folder.
    let model: String
    /// An image of 20 x 11 pixels.
    let picture: String

    static let vocabulary = 640

    /// A folder that is there already.
    init(temporary: TemporaryFolder, model: String, picture: String) {
        (self.temporary, self.model, self.picture) = (temporary, model, picture)
    }

    init() throws {
        temporary = try TemporaryFolder()
        model = try temporary.copy(of: PackagePaths.fixture("tokenizers/small"), named: "model")
        let source = PackagePaths.fixture("goldens/square")
        try Self.widen("\(source)/model.safetensors", to: "\(model)/model.safetensors")
        let config = try String(contentsOfFile: "\(source)/config.json", encoding: .utf8)
        try AtomicFile.write(
            config.replacing("\"vocab_size\": 96", with: "\"vocab_size\": \(Self.vocabulary)"),
            to: "\(model)/config.json")
        try FileManager.default.copyItem(
            atPath: "\(source)/preprocessor_config.json",
            toPath: "\(model)/preprocessor_config.json")
        picture = temporary.file("picture.png")
        try FileManager.default.copyItem(
            atPath: PackagePaths.fixture("images/grey8.png"), toPath: picture)
    }

    /// Writes `data.json`: so many conversations, every third without the image.
    func writeConversations(_ count: Int) throws {
        let items = (0..<count).map { index in
            var item: JSONObject = ["id": .integer(index)]
            let isPictured = !index.isMultiple(of: 3)
            if isPictured { item["image"] = .string(picture) }
            item["conversations"] = [
                ["from": "human", "value": .string((isPictured ? "<image>\n" : "") + "Number?")],
                ["from": "gpt", "value": .string("it is \(index)")],
            ]
            return JSONValue.object(item)
        }
        try JSONValue.array(items).write(to: temporary.file("data.json"))
    }

    /// Fills the tables of the vocabulary up with seeded random rows.
    private static func widen(_ source: String, to target: String) throws {
        let file = try SafetensorsFile(path: source)
        var generator = SplitMix64(seed: 9)
        let declarations = file.entries.map { entry in
            let isTable =
                entry.name.hasPrefix("lm_head") || entry.name.hasPrefix("model.embed_tokens")
            return TensorDeclaration(
                name: entry.name, scalarType: entry.scalarType,
                shape: isTable ? [vocabulary] + entry.shape.dropFirst() : entry.shape)
        }
        var writer = try SafetensorsWriter(path: target, entries: declarations)
        for declaration in declarations {
            let values = try file.floats(declaration.name)
            let count = declaration.shape.reduce(1, *)
            try writer.write(
                values + generator.floats(count - values.count).map { $0 * 0.3 })
        }
        try writer.finish()
    }

    /// Writes a text file beside the model.
    func write(_ text: String, to name: String) throws -> String {
        let path = temporary.file(name)
        try AtomicFile.write(text, to: path)
        return path
    }
}
