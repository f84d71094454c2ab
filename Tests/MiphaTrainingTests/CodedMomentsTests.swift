import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// AdamW with moments in 8 bits.
@Suite struct CodedMomentsTests {
    private let count = 5000

    private func gradients(_ dtype: DType) throws -> [Tensor] {
        var random = SplitMix64(seed: 6)
        return try (0..<12).map { _ in
            try Tensor(random.floats(count), shape: [count]).to(dtype: dtype)
        }
    }

    private func advance(
        _ optimizer: AdamW, _ weight: Tensor, _ gradients: ArraySlice<Tensor>
    ) throws {
        for gradient in gradients {
            try weight.setGradient(gradient.cloned())
            try optimizer.step(learningRate: 1e-2)
        }
    }

    @Test func `large parameters have codes, small ones float32`() throws {
        let optimizer = try AdamW(
            parameters: [
                ("large", Tensor.zeros([4096])), ("small", Tensor.zeros([4095])),
            ], moments: .eightBit)
        let found = Dictionary(
            uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
        #expect(found["exp_avg.large"]?.dtype == .uint8)
        #expect(found["exp_avg_sq.large"]?.dtype == .uint8)
        #expect(found["exp_avg_scale.large"]?.shape == [16])
        #expect(found["exp_avg_sq_scale.large"]?.dtype == .float32)
        #expect(found["exp_avg.small"]?.dtype == .float32)
        #expect(found["exp_avg_scale.small"] == nil)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `a saved state continues to the bit`(dtype: DType) throws {
        let gradients = try gradients(dtype)
        let first = try Tensor.full([count], 1, dtype: dtype)
        let whole = try AdamW(parameters: [("weight", first)], moments: .eightBit)
        try advance(whole, first, gradients[..<6])
        var saved: [String: Tensor] = [:]
        for (name, tensor) in whole.state { saved[name] = try tensor.cloned() }
        let second = try first.cloned()
        try advance(whole, first, gradients[6...])
        let resumed = try AdamW(parameters: [("weight", second)], moments: .eightBit)
        try resumed.restore { name in
            guard let tensor = saved[name] else { throw CheckpointError(.missing, name) }
            return tensor
        }
        try advance(resumed, second, gradients[6...])
        #expect(haveSameBits(try first.values(as: Float.self), try second.values()))
        for ((name, a), (_, b)) in zip(whole.state, resumed.state) {
            #expect(try a.bytes() == b.bytes(), "\(name)")
        }
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `it learns nearly what moments in float32 learn`(dtype: DType) throws {
        let gradients = try gradients(dtype)
        let weights = try (0..<2).map { _ in try Tensor.full([count], 1, dtype: dtype) }
        let formats: [MomentFormat] = [.float32, .eightBit]
        let ends = try zip(weights, formats).map { weight, format in
            let optimizer = try AdamW(parameters: [("weight", weight)], moments: format)
            try advance(optimizer, weight, gradients[...])
            return try optimizer.weights()[0].tensor.values(as: Float.self)
        }
        func length(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let moved = length(ends[0].map { $0 - 1 })
        let apart = length(zip(ends[0], ends[1]).map(-))
        #expect(moved > 1)
        #expect(apart < 0.05 * moved)
        #expect(apart > 0)
    }

    @Test(arguments: [DType.float32, .bfloat16], [false, true])
    func `a state goes on on another device`(dtype: DType, _ isBack: Bool) throws {
        let gradients = try gradients(dtype)
        /// The float32 weights after twelve updates, six on each device, and the last state.
        func end(_ devices: [Device]) throws -> (weights: Tensor, state: [String: Tensor]) {
            var saved: [String: Tensor] = [:]
            var weight = try Tensor.full([count], 1, dtype: dtype)
            var last = weight
            for (device, part) in zip(devices, [gradients[..<6], gradients[6...]]) {
                weight = try weight.to(device: device).cloned()
                let optimizer = try AdamW(parameters: [("weight", weight)], moments: .eightBit)
                if !saved.isEmpty {
                    try optimizer.restore { name in
                        guard let tensor = saved[name] else {
                            throw CheckpointError(.missing, name)
                        }
                        return tensor
                    }
                }
                for gradient in part {
                    try weight.setGradient(gradient.to(device: device).cloned())
                    try optimizer.step(learningRate: 1e-2)
                }
                last = try optimizer.weights()[0].tensor.to(device: .cpu)
                for (name, tensor) in optimizer.state {
                    #expect(tensor.device == device)
                    saved[name] = try tensor.to(device: .cpu).cloned()
                }
                weight = try weight.to(device: .cpu)
            }
            return (last, saved)
        }
        let here = try end([.cpu, .cpu])
        let there = try end(isBack ? [.underTest, .cpu] : [.cpu, .underTest])
        let values: [Float] = try here.weights.values()
        let moved = values.reduce(0) { $0 + ($1 - 1) * ($1 - 1) }.squareRoot()
        let apart = try zip(values, there.weights.values(as: Float.self))
            .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        #expect(apart < 2e-3 * moved, "\(apart) \(moved)")
        #expect(try there.state["step.weight"]?.item() == 12)
        for name in ["exp_avg.weight", "exp_avg_sq.weight"] {
            let codes = try [here, there].map { try #require($0.state[name]).values(as: Int.self) }
            // Numbers between two codes may go to either, where kernels round differently.
            let others = zip(codes[0], codes[1]).count { $0 != $1 }
            #expect(others <= count / 100, "\(name): \(others)")
            #expect(Set(codes[0]).count > 30)
        }
    }

    @Test(arguments: [MomentFormat.float32, .eightBit])
    func `a state in the other format is refused, not read as numbers`(saved: MomentFormat) throws {
        let weight = try Tensor.full([count], 1)
        let old = try AdamW(parameters: [("weight", weight)], moments: saved)
        let state = Dictionary(uniqueKeysWithValues: old.state.map { ($0.name, $0.tensor) })
        let other: MomentFormat = saved == .float32 ? .eightBit : .float32
        let new = try AdamW(parameters: [("weight", weight)], moments: other)
        let error = #expect(throws: CheckpointError.self) {
            try new.restore { name in
                guard let tensor = state[name] else { throw CheckpointError(.missing, name) }
                return tensor
            }
        }
        #expect(error?.message.hasPrefix("exp_avg.weight: expected") == true)
        #expect(error?.message.contains("optim") == true)
    }

    @Test func `blocks do not depend on each other, nor on the layout of gradients`() throws {
        // More than one piece of an update, which has 2^20 elements.
        let (rows, columns) = (4104, 256)
        var random = SplitMix64(seed: 9)
        let updates = try (0..<4).map { _ in
            try Tensor(random.floats(rows * columns), shape: [rows, columns])
        }
        /// Weights of some rows after updates with gradients laid out by `layout`.
        func ends(_ rows: Range<Int>, layout: (Tensor) throws -> Tensor) throws -> [Float] {
            let weight = try Tensor.full([rows.count, columns], 1)
            let optimizer = try AdamW(parameters: [("weight", weight)], moments: .eightBit)
            for update in updates {
                try weight.setGradient(
                    layout(update.narrowed(0, from: rows.lowerBound, length: rows.count)))
                try optimizer.step(learningRate: 1e-2)
            }
            #expect(optimizer.state.contains { $0.name == "exp_avg_scale.weight" })
            return try weight.values()
        }
        let whole = try ends(0..<rows) { try $0.cloned() }
        let part = try ends(8..<rows) { try $0.cloned() }
        #expect(haveSameBits(part, Array(whole[(8 * columns)...])))
        let turned = try ends(0..<rows) { try $0.transposed(0, 1).cloned().transposed(0, 1) }
        #expect(haveSameBits(turned, whole))
    }

    // MARK: Runs

    private func run(_ tiny: TinyRun, _ name: String) -> RunConfiguration {
        tiny.with {
            $0.moments = .eightBit
            $0.averageDecay = 0.9
            $0.outputFolder = tiny.folder.file(name)
        }
    }

    @Test(arguments: [DType.float32, .bfloat16], [false, true])
    func `an interrupted run ends with the same weights, averages and moments`(
        dtype: DType, inBackground: Bool
    ) throws {
        let tiny = try TinyRun(dropout: 0.1)
        let folders = try [nil, 3].map { limit in
            var run = run(tiny, "until-\(limit ?? 6)")
            run.dtype = dtype
            run.saveSteps = 3
            run.savesInBackground = inBackground
            try progress(run, stoppingAfter: limit)
            if limit != nil { #expect(try progress(run).map(\.step) == [4, 5, 6]) }
            return run.outputFolder
        }
        let last = "checkpoint-6/optimizer.safetensors"
        for name in [last, "checkpoint-6/ema.safetensors", "model.safetensors"] {
            let (a, b) = (
                try SafetensorsFile(path: "\(folders[0])/\(name)"),
                try SafetensorsFile(path: "\(folders[1])/\(name)")
            )
            #expect(a.entries.map(\.name) == b.entries.map(\.name))
            for entry in a.entries {
                let other = try b.requiredEntry(entry.name)
                #expect(a.bytes(of: entry) == b.bytes(of: other), "\(name): \(entry.name)")
            }
        }
        let state = try SafetensorsFile(path: "\(folders[0])/\(last)")
        #expect(state.entry("exp_avg_scale.lm_head.weight") != nil)
        #expect(try weights(of: "\(folders[0])/ema") == weights(of: "\(folders[1])/ema"))
    }

    @Test func `a checkpoint of float32 moments is refused by the key`() throws {
        let tiny = try TinyRun()
        var run = run(tiny, "out")
        run.moments = .float32
        try progress(run, stoppingAfter: 2)
        run.moments = .eightBit
        let error = #expect(throws: TrainingError.self) { try Trainer(run) }
        let text = error?.description ?? ""
        #expect(text.contains("optim was \"adamw\" and is \"adamw_8bit\""), "\(text)")
    }

    @Test func `a run on two ranks ends as on one to the bit, and resumes on one`() throws {
        let tiny = try TinyRun()
        var alone = run(tiny, "alone")
        alone.accumulation = 2
        var together = run(tiny, "together")
        together.accumulation = 1
        _ = try train(alone, world: 1)
        #expect(try train(together, world: 2, stoppingAfter: 4).count == 4)
        var copy = run(tiny, "copy")
        copy.accumulation = 2
        try FileManager.default.copyItem(
            atPath: together.outputFolder, toPath: copy.outputFolder)
        _ = try train(together, world: 2)
        _ = try train(copy, world: 1)
        let expected = try weights(of: alone.outputFolder)
        #expect(try weights(of: together.outputFolder) == expected)
        #expect(try weights(of: copy.outputFolder) == expected)
    }

    @Test(arguments: ShardingMode.allCases.filter { $0 != .none })
    func `shards are refused by both keys`(mode: ShardingMode) throws {
        let tiny = try TinyRun()
        var run = run(tiny, "out")
        run.sharding = mode
        let error = #expect(throws: TrainingError.self) { try RunPlan(run, world: 2, base: 0) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("optim: expected adamw with sharding \(mode.rawValue)"), "\(text)")
        _ = try RunPlan(run, world: 1, base: 0)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `a run learns as fast as with moments in float32`(dtype: DType) throws {
        let tiny = try TinyRun(samples: 16)
        let losses = try MomentFormat.allCases.map { moments in
            var run = run(tiny, moments.rawValue)
            (run.moments, run.dtype, run.averageDecay) = (moments, dtype, nil)
            (run.maximumSteps, run.saveSteps, run.schedule) = (40, 0, .constant)
            return try progress(run).map(\.loss)
        }
        let ends = losses.map { $0.suffix(4).reduce(0, +) / 4 }
        #expect(ends[0] < 0.7 * losses[0][0], "\(losses[0])")
        #expect(abs(ends[1] - ends[0]) < 0.01 * ends[0], "\(ends)")
        #expect(ends[1] != ends[0])
    }

    // MARK: Refusals

    @Test func `codes without their scales are refused`() throws {
        let codes = try Tensor.zeros([300], dtype: .uint8)
        let constants = AdamWConstants(
            learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0)
        for blocks in [nil, 1, 3] as [Int?] {
            var slot = AdamWSlot(
                parameter: try Tensor.zeros([300]), gradient: try Tensor.zeros([300]),
                first: codes, second: try codes.cloned(), steps: try Tensor.full([], 1))
            if let blocks { slot.scales = (try .zeros([blocks]), try .zeros([blocks])) }
            #expect(throws: TensorError.self) { try applyAdamW([slot], constants: constants) }
        }
    }
}
