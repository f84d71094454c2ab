import Foundation
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Adapters in whole models: start, merging, files, errors.
@Suite struct AdapterTests {
    /// Kinds of adapter, by rank stabilisation and magnitudes.
    static let kinds = [(false, false), (true, false), (false, true)]

    private func plan(_ kind: (Bool, Bool), dropout: Double = 0) -> AdapterPlan {
        AdapterPlan(
            rank: 3, alpha: 8, dropout: dropout,
            parts: [.language, .tower], usesRankStabilization: kind.0,
            usesMagnitudes: kind.1)
    }

    /// The adapter `lora` of the fixtures with another text in its config.
    private func folder(
        in temporary: TemporaryFolder, replacing old: String, with new: String
    ) throws -> String {
        let folder = try temporary.copy(
            of: PackagePaths.fixture("adapters/lora"), named: "adapter")
        let path = "\(folder)/adapter_config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        return folder
    }

    /// Gives all adapters values that matter.
    private func disturb(_ model: MiphaModel) throws {
        for (place, name) in model.store.adapterNames.enumerated() {
            guard let tensor = model.store[name] else { continue }
            let noise = try randomTensor(tensor.shape, seed: UInt64(place))
            try name.contains("magnitude")
                ? tensor.accumulate(noise, times: 0.1) : tensor.assign(noise * 0.3)
        }
    }

    @Test(arguments: kinds) func `a fresh adapter changes no bit`(_ kind: (Bool, Bool)) throws {
        let base = try MiphaModel(folder: SmallModel.tiny)
        let model = try MiphaModel(folder: SmallModel.tiny, adapters: plan(kind))
        #expect(model.store.adapters.count == 12 + 2 * 6)
        #expect(try sampleLogits(model) == sampleLogits(base))
        try disturb(model)
        #expect(try sampleLogits(model) != sampleLogits(base))
    }

    @Test func `A starts within the bounds of Kaiming's rule, as the seed says`() throws {
        var plan = plan((false, false))
        let first = try MiphaModel(folder: SmallModel.square, adapters: plan)
        let second = try MiphaModel(folder: SmallModel.square, adapters: plan)
        plan.seed = 7
        let third = try MiphaModel(folder: SmallModel.square, adapters: plan)
        let name = "model.layers.1.mlp.fc2.lora_A.weight"
        let values = try first.store[name]?.values(as: Float.self) ?? []
        #expect(values.count == 3 * 48)
        let bound = 1 / Float(48).squareRoot()
        #expect(values.allSatisfy { abs($0) <= bound })
        #expect(values.contains { $0 > 0.9 * bound } && values.contains { $0 < -0.9 * bound })
        #expect(try second.store[name]?.values() == values)
        #expect(try third.store[name]?.values() != values)
    }

    @Test(arguments: kinds) func `merged equals unmerged`(_ kind: (Bool, Bool)) throws {
        let model = try MiphaModel(folder: SmallModel.tiny, adapters: plan(kind))
        try disturb(model)
        let folder = try TemporaryFolder()
        try model.save(to: folder.path)
        let merged = try MiphaModel(folder: folder.path)
        #expect(merged.store.names == (try MiphaModel(folder: SmallModel.tiny)).store.names)
        let comparison = try Comparison(
            "logits", sampleLogits(merged), sampleLogits(model), .of(.sameModel))
        #expect(comparison.passes, "\(comparison)")
    }

    @Test(arguments: kinds, CheckpointLayout.allCases)
    func `an adapter and what else was trained come back from the disk to the bit`(
        _ kind: (Bool, Bool), _ layout: CheckpointLayout
    ) throws {
        let base = layout == .mipha ? SmallModel.tiny : SmallModel.llava
        let model = try MiphaModel(folder: base, use: .training, adapters: plan(kind))
        try disturb(model)
        let bias = "model.mm_projector.0.bias"
        try model.store[bias]?.assign(
            randomTensor(model.store[bias]?.shape ?? [], seed: 5))
        let folder = try TemporaryFolder()
        try model.saveAdapter(
            to: folder.path, trained: model.store.adapterNames + [bias], baseModel: "a base")
        let adapter = try AdapterFolder(folder.path)
        #expect(adapter.baseModel == "a base")
        let again = try MiphaModel(folder: base, adapter: adapter)
        #expect(again.store.adapters.count == model.store.adapters.count)
        #expect(try sampleLogits(again) == sampleLogits(model))
        try again.saveAdapter(to: folder.path)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
                == ["adapter_config.json", "adapter_model.safetensors"])
    }

    @Test func `an adapter's files are named as PEFT names them`() throws {
        let folder = try TemporaryFolder()
        let model = try MiphaModel(folder: SmallModel.llava, adapters: plan((false, true)))
        try model.saveAdapter(to: folder.path)
        let text = try String(
            contentsOfFile: folder.file("adapter_config.json"), encoding: .utf8)
        for part in [
            "\"peft_type\": \"LORA\"", "\"use_dora\": true", "\"r\": 3", "\"lora_alpha\": 8",
            "\"model.language_model.layers.0.self_attn.q_proj\"",
            "\"model.vision_tower.encoder.layers.0.mlp.fc1\"",
        ] { #expect(text.contains(part), "\(part)") }
        let header = try Data(
            contentsOf: URL(filePath: folder.file("adapter_model.safetensors"))
        ).prefix(4000)
        let names = String(decoding: header, as: UTF8.self)
        let layer = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
        #expect(names.contains("\"\(layer).lora_A.weight\""))
        #expect(names.contains("\"\(layer).lora_magnitude_vector\""))
    }

    @Test func `dropout is drawn in training only, and again the same in the second pass`() throws {
        let model = try MiphaModel(
            folder: SmallModel.tiny, adapters: plan((false, true), dropout: 0.4))
        try disturb(model)
        var batch = try sampleBatch(model)
        batch.labels = batch.ids
        func loss(_ generator: RandomGenerator?) throws -> Double {
            let chain = try model.lossChain(batch, dropout: generator)
            return try withoutGradients { try chain.segments.run(chain.input) }.item()
        }
        let plain = try loss(nil)
        #expect(try loss(nil) == plain)
        let dropped = try loss(RandomGenerator(seed: 3, device: .underTest))
        #expect(dropped != plain)
        #expect(try loss(RandomGenerator(seed: 3, device: .underTest)) == dropped)
        #expect(try loss(RandomGenerator(seed: 4, device: .underTest)) != dropped)
    }

    @Test func `an adapter of another model is refused with both folders and the tensor`() throws {
        let adapter = try AdapterFolder(PackagePaths.fixture("adapters/lora"))
        let error = try #require(throws: ParameterError.self) {
            try MiphaModel(folder: SmallModel.tiny, adapter: adapter)
        }
        for part in ["adapters/lora", "goldens/tiny", "q_proj.lora_A.weight", "[3, 40]"] {
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test(arguments: [
        (
            "\"peft_type\": \"LORA\"", "\"peft_type\": \"IA3\"",
            "peft_type: expected the string \"LORA\""
        ),
        ("\"bias\": \"none\"", "\"bias\": \"some\"", "bias: expected one of \"none\""),
        ("\"lora_bias\": false", "\"lora_bias\": true", "PEFT would add a bias of B"),
        ("\"task_type\": \"CAUSAL_LM\"", "\"task_type\": \"SEQ_CLS\"", "task_type: expected"),
        (
            "\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"",
            "init_lora_weights: expected"
        ),
        (
            "\"alpha_pattern\": {}", "\"alpha_pattern\": {\"(a|b\": 2}",
            "alpha_pattern.(a|b: expected a regular expression"
        ),
        ("\"layer_replication\": null", "\"layer_replication\": [[0, 1]]", "layer_replication"),
    ])
    func `what cannot be computed is refused by name`(
        _ old: String, _ new: String, _ expected: String
    ) throws {
        let temporary = try TemporaryFolder()
        let folder = try folder(in: temporary, replacing: old, with: new)
        let error = try #require(throws: (any Error).self) { try AdapterFolder(folder) }
        #expect("\(error)".contains(expected), "\(error)")
    }

    @Test func `layers may have alphas of their own`() throws {
        let temporary = try TemporaryFolder()
        let folder = try folder(
            in: temporary, replacing: "\"alpha_pattern\": {}",
            with: "\"alpha_pattern\": {\"mlp.fc1\": 3}")
        let model = try MiphaModel(folder: SmallModel.square, adapter: AdapterFolder(folder))
        #expect(model.store.adapters["model.layers.0.mlp.fc1"]?.scale == 1)
        #expect(model.store.adapters["model.layers.0.mlp.fc2"]?.scale == 8.0 / 3)
        let other = try temporary.folder("other")
        try model.saveAdapter(to: other)
        let again = try MiphaModel(folder: SmallModel.square, adapter: AdapterFolder(other))
        #expect(try sampleLogits(again) == sampleLogits(model))
    }

    @Test(arguments: [
        ("{\"mlp.fc1\": 3, \"layers.0.mlp.fc1\": 6}", 1.0),
        ("{\"layers.0.mlp.fc1\": 6, \"mlp.fc1\": 3}", 2.0),
    ]) func `of two alphas that fit a layer the first in the file counts`(
        pattern: String, scale: Double
    ) throws {
        let temporary = try TemporaryFolder()
        let folder = try folder(
            in: temporary, replacing: "\"alpha_pattern\": {}",
            with: "\"alpha_pattern\": \(pattern)")
        let model = try MiphaModel(folder: SmallModel.square, adapter: AdapterFolder(folder))
        #expect(model.store.adapters["model.layers.0.mlp.fc1"]?.scale == scale)
    }

    @Test func `a quantised base is small, not trained and not saved`() throws {
        let model = try MiphaModel(
            folder: SmallModel.tiny, use: .training, adapters: plan((false, true)),
            quantization: QuantizationPlan(format: .nf4))
        #expect(
            Set(model.store.quantized.keys.map { $0.split(separator: ".")[1] }) == ["layers"])
        let bits = model.store.quantized.values.map {
            8 * Double($0.byteCount) / Double($0.elementCount)
        }
        #expect(bits.allSatisfy { $0 > 4 && $0 < 4.3 })
        #expect(throws: ParameterError.self) {
            try model.store.train { $0.hasPrefix("model.layers.0.") }
        }
        #expect(throws: ParameterError.self) { try model.save(to: "/nowhere") }
        let dry = try MiphaModel(
            model.config, source: DryRunSource(), adapters: plan((false, true)),
            quantization: QuantizationPlan(format: .nf4))
        #expect(dry.store.byteCount == model.store.byteCount)
        #expect(dry.store.names == model.store.names)
    }
}
