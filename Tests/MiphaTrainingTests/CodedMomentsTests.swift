import MiphaCheckpoints
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
        let formats: [AdamW.MomentFormat] = [.float32, .eightBit]
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

    @Test(arguments: [DType.float32, .bfloat16])
    func `a run that was interrupted ends with the same weights and moments`(dtype: DType) throws {
        let tiny = try TinyRun()
        var files: [SafetensorsFile] = []
        for limit in [nil, 3] {
            let run = tiny.with {
                $0.moments = .eightBit
                $0.dtype = dtype
                $0.saveSteps = 3
                $0.outputFolder += "-\(limit ?? 0)"
            }
            try progress(run, stoppingAfter: limit)
            try progress(run)
            files.append(
                try SafetensorsFile(path: "\(run.outputFolder)/checkpoint-6/optimizer.safetensors"))
            files.append(try SafetensorsFile(path: "\(run.outputFolder)/model.safetensors"))
        }
        for (a, b) in [(files[0], files[2]), (files[1], files[3])] {
            for entry in a.entries {
                let other = try b.requiredEntry(entry.name)
                #expect(a.bytes(of: entry) == b.bytes(of: other), "\(entry.name)")
            }
        }
        #expect(files[0].entry("exp_avg_scale.lm_head.weight") != nil)
    }

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
