import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Adapters that PEFT wrote, computed and trained here, against PEFT and bitsandbytes.
@Suite struct AdapterGoldenTests {
    private func trainAdapters(_ model: MiphaModel) throws -> [String] {
        try model.store.train { model.store.fact($0)?.adapter != nil }
    }

    /// One forward and backward pass over the mean loss.
    private func learn(
        _ model: MiphaModel, _ batch: MiphaBatch, _ trainable: [String], checkpointing: Bool = false
    ) throws -> (loss: Float, gradients: [String: [Float]]) {
        let chain = try model.lossChain(batch, dropout: nil)
        let scale = 1 / Double(chain.supervisedCount)
        let loss = try SegmentedBackward(checkpointing: checkpointing)(
            chain, scale: scale)
        var gradients: [String: [Float]] = [:]
        for (name, tensor) in model.store.parameters {
            if let gradient = try tensor.gradient() { gradients[name] = try gradient.values() }
        }
        return (Float(loss * scale), gradients)
    }

    @Test(arguments: AdapterCase.allCases, [false, true])
    func `logits and gradients equal PEFT's`(_ golden: AdapterCase, _ checkpointing: Bool) throws {
        let model = try golden.model()
        let expected = try golden.expected()
        let batch = try AdapterCase.batch()
        let logits = try withoutGradients { try model.logits(batch) }
        try requireClose("logits", logits, expected.floats("logits"), .of(.activation))
        let found = try learn(
            model, batch, trainAdapters(model), checkpointing: checkpointing)
        let loss = try expected.floats("loss")[0]
        #expect(abs(found.loss - loss) <= Tolerance.of(.loss).limit(loss))
        expectSame(found.gradients, try expected.all("grad."), .of(.gradient))
    }

    @Test(arguments: AdapterCase.allCases)
    func `three steps of AdamW equal PEFT's`(_ golden: AdapterCase) throws {
        let model = try golden.model()
        let expected = try golden.expected()
        let trainable = try trainAdapters(model)
        let optimizer = try AdamW(
            parameters: trainable.compactMap { name in model.store[name].map { (name, $0) } })
        let base = try model.store.parameters.filter { !trainable.contains($0.name) }.map {
            try $0.tensor.values(as: Float.self)
        }
        let rates = try expected.floats("rates")
        let losses = try expected.floats("losses")
        for (step, rate) in rates.enumerated() {
            let loss = try learn(model, AdapterCase.batch(), trainable).loss
            #expect(abs(loss - losses[step]) <= Tolerance.of(.trainingCurve).limit(losses[step]))
            try optimizer.step(learningRate: Double(rate))
        }
        var after: [String: [Float]] = [:]
        for name in trainable { after[name] = try model.store[name]?.values() }
        expectSame(after, try expected.all("after."), .of(.trained))
        let unchanged = try model.store.parameters.filter { !trainable.contains($0.name) }.map {
            try $0.tensor.values(as: Float.self)
        }
        #expect(base == unchanged)
    }

    @Test func `adapters of decoder and tower in a LLaVA model equal PEFT's`() throws {
        let folder = PackagePaths.fixture("goldens/llava-hf/v5")
        let model = try MiphaModel(
            folder: folder, adapter: AdapterFolder(PackagePaths.fixture("adapters/llava")),
            use: .training)
        let expected = try AdapterGolden("llava/expected")
        let inputs = try GoldenFile("llava-hf/inputs.safetensors")
        let ids = try inputs.integers("ids.0")
        let count = try expected.integers("supervised")[0]
        let pixels = try Tensor(
            inputs.floats("pixel_values"), shape: inputs.shape("pixel_values")
        ).selecting(Tensor(inputs.integers("images.0")))
        let labels = ids.enumerated().map { place, id in
            place >= ids.count - count ? id : MarkerID.ignored
        }
        let batch = MiphaBatch(ids: [ids], labels: [labels], pixels: pixels)
        let logits = try withoutGradients { try model.logits(batch) }
        try requireClose("logits", logits, expected.floats("logits"), .of(.activation))
        let found = try learn(model, batch, trainAdapters(model))
        var gradients: [String: [Float]] = [:]
        for (name, values) in try expected.all("grad.") {
            let parts = name.replacing("model.language_model.", with: "model.")
                .replacing("vision_tower.", with: "vision_tower.vision_model.")
            gradients[parts] = values
        }
        #expect(gradients.keys.contains { $0.contains("vision_tower") })
        expectSame(found.gradients, gradients, .of(.gradient))
    }

    @Test(arguments: [QuantizationFormat.int8, .nf4])
    func `codes and values of quantised matrices equal those of bitsandbytes`(
        _ format: QuantizationFormat
    ) throws {
        let expected = try AdapterGolden("quantized")
        let shape = try expected.file.integers("shape")
        let values: [Float] = (0..<shape[0] * shape[1]).map { (place: Int) -> Float in
            let share = Float((place * 40503) % 65537 - 32768) / 32768
            return share * Float(1 + (place / 1000) % 5)
        }
        let matrix = try QuantizedMatrix(Tensor(values, shape: shape), format: format)
        func same(_ tensor: Tensor?, _ name: String) throws -> Bool {
            guard let found = try tensor?.values(as: Int.self) else { return false }
            return try found == expected.integers(name)
        }
        let dense = try matrix.dense()
        let row = try Array(dense.values(as: Float.self)[77 * shape[1]..<78 * shape[1]])
        #expect(try haveSameBits(row, expected.floats("\(format.rawValue).row")))
        switch format {
        case .nf4, .plainNF4:
            #expect(try same(matrix.codes, "nf4.codes"))
            #expect(try same(matrix.scales, "nf4.scales"))
            #expect(
                try matrix.nestedScales?.values(as: Float.self) == expected.floats("nf4.nested"))
            #expect(try Float(matrix.offset) == expected.floats("nf4.offset")[0])
        case .int8:
            let codes = try matrix.codes.narrowed(0, from: 77, length: 1)
            #expect(try same(codes, "int8.row.codes"))
            #expect(
                try matrix.scales.values(as: Float.self) == expected.floats("int8.scales"))
        }
        let sum = try dense.values(as: Float.self).reduce(0.0) { $0 + Double($1) }
        #expect(abs(Float(sum) - (try expected.floats("\(format.rawValue).sum")[0])) < 1e-3)
    }

    @Test(arguments: [QuantizationFormat.int8, .nf4])
    func `an adapter over a quantised base equals PEFT over bitsandbytes' weights`(
        _ format: QuantizationFormat
    ) throws {
        let model = try AdapterCase.lora.model(quantization: QuantizationPlan(format: format))
        #expect(model.store.quantized.count == 12)
        let expected = try AdapterGolden("quantized")
        let name = format.rawValue
        let batch = try AdapterCase.batch()
        let logits = try withoutGradients { try model.logits(batch) }
        try requireClose("logits", logits, expected.floats("\(name).logits"), .of(.activation))
        let found = try learn(model, batch, trainAdapters(model))
        let loss = try expected.floats("\(name).loss")[0]
        #expect(abs(found.loss - loss) <= Tolerance.of(.loss).limit(loss))
        #expect(found.gradients.count == 24)
        expectSame(
            found.gradients.filter { $0.key.contains("layers.1") },
            try expected.all("\(name).grad."), .of(.gradient))
    }
}
