import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs that train adapters.
@Suite struct AdapterRunTests {
    /// A kind of run with adapters.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case lora, both, stabilised, magnitudes, eightBit, fourBit, plainFourBit, bfloat16, named,
            ends

        var testDescription: String { rawValue }

        func change(_ run: inout RunConfiguration) {
            run.stage = .instructLoRA
            run.adapters.rank = 3
            run.adapters.alpha = 6
            run.adapters.dropout = 0.3
            switch self {
            case .lora: break
            case .both: run.tune = [.tower: .lora, .projector: .frozen]
            case .stabilised: run.adapters.usesRankStabilization = true
            case .magnitudes: run.adapters.usesMagnitudes = true
            case .eightBit: run.base.isEightBit = true
            case .fourBit:
                run.tune = [.tower: .lora]
                run.base.isFourBit = true
            case .plainFourBit:
                run.adapters.usesMagnitudes = true
                run.base.isFourBit = true
                run.base.quantizesScales = false
            case .bfloat16:
                run.dtype = .bfloat16
                run.averageDecay = 0.5
            case .ends:
                run.tune = [.tower: .frozen, .head: .lora]
                run.adapters.targets = ["q_proj", "lm_head", "embed_tokens"]
                run.zLoss = 1e-3
            case .named:
                run.tune = [.tower: .frozen]
                run.adapters.targets = ["q_proj", "mlp.fc2"]
                run.validationSplit = 0.25
                run.evaluationSteps = 2
                run.keepsBest = true
            }
        }
    }

    private func run(
        _ tiny: TinyRun, _ kind: Kind, _ folder: String = "out",
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) -> RunConfiguration {
        tiny.with {
            kind.change(&$0)
            $0.outputFolder = tiny.folder.file(folder)
            change(&$0)
        }
    }

    @Test func `adapters do not go on over other weights`() throws {
        let tiny = try TinyRun()
        let run = run(tiny, .lora)
        try progress(run, stoppingAfter: 2)
        let whole = tiny.with { $0.outputFolder = tiny.folder.file("whole") }
        try progress(whole, stoppingAfter: 2)
        let model = try MiphaModel(folder: run.model, use: .training)
        let bias = try #require(model.store["model.final_layernorm.bias"])
        try bias.assign(Tensor.full(bias.shape, 0.25))
        let config = try Data(contentsOf: URL(filePath: "\(run.model)/config.json"))
        try model.save(to: run.model)
        try config.write(to: URL(filePath: "\(run.model)/config.json"))
        let error = #expect(throws: TrainingError.self) { try Trainer(run) }
        #expect(
            error?.description.contains("base_sha256: the weights in \(run.model) are not") == true,
            "\(String(describing: error))")
        // A checkpoint of all weights needs no others.
        #expect(try Trainer(whole).firstStep == 2)
        #expect(try Trainer(run, resume: .never).firstStep == 0)
    }

    /// All tensors of an adapter's folder by file and name, as bytes.
    private func tensors(_ folder: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in ["adapter_model", "non_lora_trainables"] {
            let path = "\(folder)/\(name).safetensors"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let file = try SafetensorsFile(path: path)
            for entry in file.entries { found["\(name):\(entry.name)"] = file.bytes(of: entry) }
        }
        return found
    }

    private func files(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

    private static let result: Set = [
        "adapter_config.json", "adapter_model.safetensors", "non_lora_trainables.safetensors",
        "config.json",
    ]

    @Test(arguments: Kind.allCases)
    func `a run that was stopped ends with the bits of one that was not`(_ kind: Kind) throws {
        let tiny = try TinyRun(dropout: 0.1)
        let whole = run(tiny, kind, "whole")
        let reports = try progress(whole)
        #expect(reports.count == 6)
        let broken = run(tiny, kind, "broken") { $0.savesInBackground = false }
        try progress(broken, stoppingAfter: 3)
        #expect(try Trainer(broken).firstStep == 3)
        #expect(try progress(broken).map(\.loss) == Array(reports.map(\.loss).suffix(3)))
        let expected = try tensors(whole.outputFolder)
        #expect(expected.count > 8)
        #expect(try tensors(broken.outputFolder) == expected)
        #expect(
            try tensors("\(broken.outputFolder)/ema") == tensors("\(whole.outputFolder)/ema"))
    }

    @Test func `checkpoints and results hold the adapter, not the base`() throws {
        let tiny = try TinyRun()
        let run = run(tiny, .lora) { $0.averageDecay = 0.9 }
        try progress(run)
        let own: Set = [
            "optimizer.safetensors", "ema.safetensors", "trainer_state.json", "checksums.json",
        ]
        #expect(try files("\(run.outputFolder)/checkpoint-6") == Self.result.union(own))
        #expect(try files("\(run.outputFolder)/ema") == Self.result)
        #expect(try files(run.outputFolder).isSuperset(of: Self.result))
        #expect(try !files(run.outputFolder).contains("model.safetensors"))
        let config = try JSONValue(contentsOf: "\(run.outputFolder)/adapter_config.json")
        #expect(config["base_model_name_or_path"]?.stringValue == run.model)
        #expect(config["r"]?.integerValue == 3)
        #expect(config["lora_dropout"]?.doubleValue == 0.3)
        #expect(
            try tensors("\(run.outputFolder)/ema").keys == tensors(run.outputFolder).keys)
        #expect(try tensors("\(run.outputFolder)/ema") != tensors(run.outputFolder))
    }

    @Test(arguments: Kind.allCases)
    func `the result gives what the trainer's model gives`(_ kind: Kind) throws {
        let tiny = try TinyRun()
        let run = run(tiny, kind)
        let trainer = try Trainer(run)
        #expect(try trainer.train() == .completed)
        let adapter = try AdapterFolder(run.outputFolder)
        let loaded = try MiphaModel(
            folder: run.model, adapter: adapter, dtype: run.dtype,
            quantization: trainer.model.store.quantizationPlan)
        var batch = MiphaBatch(ids: [[5, MarkerID.image, 9, 11, 300]])
        var random = SplitMix64(seed: 4)
        batch.pixels = try Tensor(random.floats(3 * 28 * 28), shape: [1, 3, 28, 28])
        let logits = try withoutGradients { try trainer.model.logits(batch).values(as: Float.self) }
        #expect(try loaded.logits(batch).values() == logits)
        #expect(loaded.config.imageAspectRatio == "pad")
        let plain = try MiphaModel(folder: run.model, dtype: run.dtype)
        #expect(try plain.logits(batch).values() != logits)
        let learned = Set(trainer.trainable)
        for (name, tensor) in trainer.model.store.parameters where !learned.contains(name) {
            let stored = try plain.store[name]?.values(as: Float.self)
            #expect(try tensor.values() == stored, "\(name) has changed")
        }
    }

    @Test func `what learns is the adapters of the groups in the mode lora, and full groups`()
        throws
    {
        let tiny = try TinyRun(samples: 4)
        func learning(_ kind: Kind) throws -> [ParameterFact] {
            let trainer = try Trainer(run(tiny, kind))
            return trainer.trainable.compactMap(trainer.model.store.fact)
        }
        let both = try learning(.both)
        #expect(both.allSatisfy { $0.adapter != nil })
        // Six layers in each of two decoder blocks and of the two blocks of the tower that are run.
        #expect(both.count == 2 * 6 * (2 + 2))
        let lora = try learning(.lora)
        #expect(lora.count { $0.adapter != nil } == 2 * 6 * 2)
        let others = Set(lora.filter { $0.adapter == nil }.map(\.part))
        #expect(others == [.tower, .projector])
        let named = try learning(.named).filter { $0.adapter != nil }.map(\.name)
        #expect(named.count == 2 * 2 * 2)
        #expect(named.allSatisfy { $0.contains("q_proj") || $0.contains("fc2") })
    }

    @Test func `the plan counts adapters and quantised matrices`() throws {
        let tiny = try TinyRun(samples: 4)
        let trainer = try Trainer(run(tiny, .fourBit))
        let store = trainer.model.store
        let base = try MiphaModel(folder: tiny.run.model).store.elementCount
        let adapters = store.adapterNames.compactMap { store[$0] }.reduce(0) {
            $0 + $1.elementCount
        }
        #expect(store.elementCount == base + adapters)
        let text = trainer.description.joined(separator: "\n").replacing(",", with: "")
        let all = text.split(separator: "\n").first { $0.hasPrefix("  all ") }
        #expect(all?.split(separator: " ")[1] == "\(base + adapters)")
        let held = store.quantized.values.reduce(0) { $0 + $1.elementCount }
        // Of the tower also its last block and its pooling head, which are not run.
        #expect(held == 5 * (4 * 32 * 32 + 2 * 32 * 48) + 32 * 32 + 2 * 32 * 48)
        for line in [
            "adapters: LoRA on 24 layers rank 3 alpha 6.0 dropout 0.3: \(adapters) parameters",
            "frozen in nf4: 33 matrices \(held) elements in",
        ] { #expect(text.contains(line), "\(text)") }
    }

    @Test func `masks are drawn again the same when activations are`() throws {
        let tiny = try TinyRun(dropout: 0.1)
        let plain = run(tiny, .both, "plain")
        let losses = try progress(plain).map(\.loss)
        let again = run(tiny, .both, "again") { $0.checkpointing = true }
        #expect(try progress(again).map(\.loss) == losses)
        #expect(try tensors(again.outputFolder) == tensors(plain.outputFolder))
        let undropped = run(tiny, .both, "undropped") { $0.adapters.dropout = 0 }
        #expect(try progress(undropped).map(\.loss) != losses)
    }

    @Test func `start values of A follow the seed, not the masks`() throws {
        let tiny = try TinyRun(samples: 4)
        func start(_ seed: UInt64) throws -> [Float] {
            let trainer = try Trainer(run(tiny, .lora) { $0.seed = seed })
            let name = "model.layers.1.mlp.fc2.lora_A.weight"
            return try trainer.model.store[name]?.values(as: Float.self) ?? []
        }
        #expect(try start(1) == start(1))
        #expect(try start(1) != start(2))
    }

    /// Settings that contradict each other, and what the message says.
    struct Refusal: Sendable {
        let change: @Sendable (inout RunConfiguration) -> Void
        let message: String
    }

    @Test(arguments: [
        Refusal(change: { $0.adapters.rank = 8 }, message: "lora_r: needs a group with adapters"),
        Refusal(
            change: { $0.base.isFourBit = true },
            message: "load_in_4bit: needs a group with adapters"),
        Refusal(
            change: {
                $0.stage = .instructLoRA
                $0.base.isFourBit = true
                $0.base.isEightBit = true
            }, message: "load_in_8bit and load_in_4bit: expected one of them"),
        Refusal(
            change: {
                $0.tune = [.tower: .lora]
                $0.base.isFourBit = true
            }, message: "load_in_4bit: tune.language: expected lora or frozen, found full"),
        Refusal(
            change: {
                $0.tune = [.tower: .lora, .language: .last(1)]
                $0.base.isEightBit = true
            }, message: "load_in_8bit: tune.language: expected lora or frozen, found last:1"),
        Refusal(
            change: {
                $0.stage = .instructLoRA
                $0.base.quantizesScales = false
            }, message: "bnb_4bit_use_double_quant: needs load_in_4bit"),
        Refusal(
            change: {
                $0.stage = .instructLoRA
                $0.base.isEightBit = true
                $0.base.quantizesScales = false
            }, message: "bnb_4bit_use_double_quant: needs load_in_4bit, found load_in_8bit"),
        Refusal(
            change: {
                $0.stage = .instructLoRA
                $0.adapters.targets = ["c_attn"]
            }, message: "no layer in language is called c_attn"),
        Refusal(
            change: {
                $0.stage = .instructLoRA
                $0.tune = [.tower: .lora]
                $0.adapters.targets = ["dense"]
            }, message: "tune.tower: lora, but no adapter was attached to it"),
    ])
    func `settings that contradict each other are refused by key`(refusal: Refusal) throws {
        let tiny = try TinyRun(samples: 4)
        let error = #expect(throws: (any Error).self) { try Trainer(tiny.with(refusal.change)) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(refusal.message), "\(text)")
    }

    @Test func `a checkpoint of a run without adapters is refused, and the other way round`() throws
    {
        let tiny = try TinyRun(samples: 4)
        try progress(tiny.run, stoppingAfter: 2)
        let adapted = tiny.with { Kind.lora.change(&$0) }
        let error = #expect(throws: TrainingError.self) { try Trainer(adapted) }
        #expect(error?.description.contains("stage was \"instruct\" and is") == true)
        _ = try Trainer(adapted, resume: .never).train()
        #expect(try files(adapted.outputFolder).isSuperset(of: Self.result))
        let back = #expect(throws: TrainingError.self) { try Trainer(tiny.run) }
        #expect(back?.description.contains("stage was \"instruct-lora\" and is") == true)
        _ = try Trainer(tiny.run, resume: .never).train()
        let left = try files(tiny.run.outputFolder)
        #expect(left.contains("model.safetensors") && !left.contains("adapter_config.json"))
    }

    @Test func `an adapter is not a model to start from`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = run(tiny, .lora)
        try progress(run)
        let next = self.run(tiny, .lora, "next") { $0.model = run.outputFolder }
        let error = #expect(throws: TrainingError.self) { try Trainer(next) }
        #expect(error?.description.contains("fold it in with mipha merge") == true)
    }

    @Test(arguments: [Kind.lora, .magnitudes, .fourBit], [ShardingMode.none, .zero2, .zero3])
    func `ranks train adapters as one process does`(_ kind: Kind, _ mode: ShardingMode) throws {
        let tiny = try TinyRun()
        func settings(_ folder: String, world: Int) -> RunConfiguration {
            run(tiny, kind, folder) {
                $0.adapters.dropout = 0
                $0.batchSize = 6 / world
                $0.sharding = mode
                $0.savesInBackground = false
                $0.tensorBoard = false
            }
        }
        let (alone, together) = (settings("alone", world: 1), settings("together", world: 2))
        try progress(alone)
        for limit in [3, nil] {
            _ = try inGroup(2) { group in
                var count = 0
                return try Trainer(together, group: group).train(
                    shouldStop: { limit.map { count >= $0 } ?? false && group.rank == 0 },
                    report: { _ in count += 1 })
            }
        }
        func floats(_ folder: String) throws -> [String: [Float]] {
            let file = try SafetensorsFile(path: "\(folder)/adapter_model.safetensors")
            return try Dictionary(
                uniqueKeysWithValues: file.entries.map { ($0.name, try file.floats($0.name)) })
        }
        let apart = try relativeDistance(
            floats(together.outputFolder), floats(alone.outputFolder))
        #expect(apart <= 1e-5, "\(apart)")
        let names = try files(together.outputFolder)
        #expect(names.isSuperset(of: Self.result) && !names.contains("model.safetensors"))
    }
}
