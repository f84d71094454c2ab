import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaTestSupport
import MiphaTinyFolder
import Testing

/// Models of other families from the first stage to scores, by commands alone.
@Suite(.enabled(if: MiphaProcess.executable != nil, "the executable mipha is not built"))
struct FamilyCommandTests {
    enum Kind: CaseIterable {
        /// CLIP with a class token and a shortest edge, Llama, as LLaVA 1.5.
        case clipLlama
        /// SigLIP and DINOv2 side by side, squares of patches put together, Gemma.
        case pairGemma
    }

    private static let clipProcessor = """
        {"image_processor_type": "CLIPImageProcessor", "do_resize": true, "do_center_crop": true,
         "size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}, "resample": 3,
         "do_normalize": true, "do_rescale": true, "do_convert_rgb": true,
         "image_mean": [0.48145466, 0.4578275, 0.40821073],
         "image_std": [0.26862954, 0.26130258, 0.27577711], "rescale_factor": 0.00392156862745098}
        """
    private static let siglipProcessor = """
        {"image_processor_type": "SiglipImageProcessor", "do_resize": true, "resample": 3,
         "size": {"height": 28, "width": 28}, "do_normalize": true, "do_rescale": true,
         "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
         "rescale_factor": 0.00392156862745098}
        """
    private static let dinov2Processor = """
        {"image_processor_type": "BitImageProcessor", "do_resize": true, "do_center_crop": true,
         "size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}, "resample": 3,
         "do_normalize": true, "do_rescale": true, "do_convert_rgb": true,
         "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
         "rescale_factor": 0.00392156862745098}
        """

    /// A decoder's config in transformers' names.
    private static func decoder(_ type: String) throws -> ConfigReader {
        try ConfigReader(
            file: type,
            value: [
                "vocab_size": 656, "hidden_size": 32, "intermediate_size": 48,
                "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                "head_dim": 8, "max_position_embeddings": 512,
            ])
    }

    private static func folder(_ kind: Kind) throws -> SampleFolder {
        let vocabularies = PackagePaths.fixture("tokenizer-families")
        let tiny: TinyFolder
        switch kind {
        case .clipLlama:
            let tower = CLIPConfig(
                hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 2, imageSize: 28,
                patchSize: 7)
            tiny = try TinyFolder(
                MiphaConfig(
                    vision: tower, language: LlamaConfig(decoder("llama"), in: .mipha),
                    maximumLength: 512),
                tokenizer: String(contentsOfFile: "\(vocabularies)/llama.json", encoding: .utf8),
                processors: [clipProcessor])
        case .pairGemma:
            let siglip = SigLIPConfig(
                hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 2, imageSize: 28,
                patchSize: 7, hasPoolingHead: false)
            var dinov2 = DINOv2Config()
            (dinov2.hiddenSize, dinov2.feedForwardRatio) = (12, 2)
            (dinov2.layerCount, dinov2.headCount) = (2, 2)
            (dinov2.tableImageSize, dinov2.imageSize, dinov2.patchSize) = (28, 28, 7)
            let tokenizer = try String(
                contentsOfFile: "\(vocabularies)/gemma.json", encoding: .utf8)
            tiny = try TinyFolder(
                MiphaConfig(
                    vision: TowerPair(siglip, dinov2),
                    projector: .reduced(.pixelShuffle(side: 2), depth: 2),
                    language: GemmaConfig(decoder("gemma"), in: .mipha), maximumLength: 512),
                tokenizer: tokenizer.replacing("\"</s>\"", with: "\"<eos>\""),
                processors: [siglipProcessor, dinov2Processor])
        }
        return SampleFolder(temporary: tiny.temporary, model: tiny.path, picture: tiny.picture)
    }

    @Test(arguments: Kind.allCases)
    func `both stages, a killed run, an adapter, its merge, a score and a plan`(
        kind: Kind
    ) throws {
        let fixture = try TrainFixture(TrainFixture.interrupted, in: Self.folder(kind))
        let file = { (name: String) in fixture.sample.temporary.file(name) }
        let aligned = file("aligned")
        try fixture.finish(
            aligned,
            ["stage=align", "template=plain", "data_path=\(try captions(fixture))", "max_steps=3"])

        let (whole, killed) = (file("whole"), file("killed"))
        let tune = ["model=\(aligned)"]
        try fixture.finish(whole, tune)
        let process = try fixture.start(killed, tune)
        fixture.wait(for: 5, of: process, killed)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try fixture.finish(killed, tune)
        #expect(try fixture.weights(killed) == fixture.weights(whole))

        let (adapter, merged) = (file("adapter"), file("merged"))
        try fixture.finish(
            adapter, ["model=\(whole)", "stage=instruct-lora", "max_steps=3", "ema_decay=0"])
        try run(["merge", whole, "--adapter", adapter, "--output", merged])
        let questions = file("questions")
        try FileManager.default.createDirectory(
            atPath: questions, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: fixture.sample.picture, toPath: "\(questions)/0.png")
        let lines = (0..<6).map {
            "{\"question_id\": \($0), \"image\": \"0.png\", \"text\": \"Number \($0)?\", \"answer\": \"it is \($0)\"}"
        }
        try AtomicFile.write(
            lines.joined(separator: "\n") + "\n", to: "\(questions)/questions.jsonl")
        try run([
            "eval", merged, "--benchmark", "custom:exact", "--data", questions, "--output",
            file("scores"), "--max-tokens", "8",
        ])
        let answers = try String(
            contentsOfFile: "\(file("scores"))/custom/predictions.jsonl", encoding: .utf8)
        #expect(answers.split(separator: "\n").count == 6)
        try run(["plan", fixture.runFile, "--set", "model=\(merged)"])
    }

    /// Images with captions, for alignment.
    private func captions(_ fixture: TrainFixture) throws -> String {
        let items = (0..<6).map { index -> JSONValue in
            [
                "id": .integer(index), "image": .string(fixture.sample.picture),
                "conversations": [
                    ["from": "human", "value": "<image>"],
                    ["from": "gpt", "value": .string("it is \(index)")],
                ],
            ]
        }
        let path = fixture.sample.temporary.file("captions.json")
        try JSONValue.array(items).write(to: path)
        return path
    }

    private func run(_ arguments: [String]) throws {
        let done = try MiphaProcess(arguments)
        try #require(done.status == 0, "\(arguments[0]): \(done.errors)")
    }
}
