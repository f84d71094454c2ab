import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// The forward pass against transformers, layer by layer.
@Suite struct ForwardGoldenTests {
    /// Every state of a forward pass by name, with the logits.
    private func states(
        _ model: MiphaModel, _ batch: MiphaBatch
    ) throws -> (byName: [String: Tensor], order: [String], logits: Tensor) {
        var states: [String: Tensor] = [:]
        var order: [String] = []
        let logits = try withoutGradients {
            try model.logits(batch) { (segment, state) throws(TensorError) in
                states[segment.name] = state
                order.append(segment.name)
            }
        }
        return (states, order, logits)
    }

    @Test(arguments: GoldenCase.allCases)
    func `every layer of the forward pass equals the reference`(_ golden: GoldenCase) throws {
        let model = try golden.model()
        let inputs = try GoldenInputs(golden.file("inputs.safetensors"))
        let expected = try golden.file("expected.safetensors")
        let run = try states(model, inputs.batch)
        let tolerance = Tolerance.of(.activation)

        let visionStates = run.order.filter { $0.hasPrefix("vision.") }
        #expect(visionStates == expected.names.filter { $0.hasPrefix("vision.") }.sorted())
        for name in visionStates + ["projector"] {
            let state = try #require(run.byName[name])
            try requireClose(name, state, inputs.usedValues(expected, name), tolerance)
        }
        let embeddings = try #require(run.byName["hidden.0"])
        try #require(try embeddings.shape == expected.shape("embeddings"))
        try requireClose(
            "embeddings", embeddings, expected.floats("embeddings"), Tolerance.of(.activation))
        let lengths = try expected.integers("lengths")
        for name in run.order where name.hasPrefix("hidden.") && name != "hidden.0" {
            let state = try #require(run.byName[name])
            for (row, length) in lengths.enumerated() {
                try requireClose(
                    "\(name), row \(row)", state.row(row, length: length),
                    expected.floats("\(name).\(row)"), tolerance)
            }
        }
        let last = try #require(run.byName["hidden.\(model.language.shape.layers)"])
        let normalized = try model.language.head.normalize(last)
        for (row, length) in lengths.enumerated() {
            try requireClose(
                "final norm, row \(row)", normalized.row(row, length: length),
                expected.floats("hidden.norm.\(row)"), tolerance)
            let logits = try run.logits.row(row, length: length)
            if expected.has("logits.\(row)") {
                try requireClose(
                    "logits, row \(row)", logits, expected.floats("logits.\(row)"), tolerance)
            }
            try requireClose(
                "last logits, row \(row)", logits.narrowed(0, from: length - 1, length: 1),
                expected.floats("last.\(row)"), tolerance)
        }
    }

    @Test(arguments: GoldenCase.allCases)
    func `labels and lengths of spliced rows equal the reference`(_ golden: GoldenCase) throws {
        let model = try golden.model()
        let inputs = try GoldenInputs(golden.file("inputs.safetensors"))
        let expected = try golden.file("expected.safetensors")
        let plan = try model.plan(for: inputs.batch)
        #expect(try plan.lengths == expected.integers("lengths"))
        #expect(try plan.labels.flatMap { $0 } == expected.integers("labels"))
        let mask = plan.lengths.flatMap { length in
            (0..<plan.columns).map { $0 < length ? 1 : 0 }
        }
        #expect(try mask == expected.integers("mask"))
    }

    @Test(arguments: GoldenCase.allCases)
    func `the mean of the loss chain equals the reference's loss`(_ golden: GoldenCase) throws {
        let model = try golden.model()
        let inputs = try GoldenInputs(golden.file("inputs.safetensors"))
        let expected = try golden.file("expected.safetensors")
        let chain = try model.lossChain(inputs.batch, dropout: nil)
        let sum = try withoutGradients { try chain.segments.run(chain.input) }
        try requireClose(
            "loss", sum * (1 / Double(chain.supervisedCount)), expected.floats("loss"),
            .of(.loss))
        #expect(try chain.positionCount == expected.integers("lengths").reduce(0, +))
        let plan = try model.plan(for: inputs.batch)
        let supervised = plan.labels.reduce(0) { sum, row in
            sum + row.dropFirst().count { $0 != MarkerID.ignored }
        }
        #expect(chain.supervisedCount == supervised)
    }

    @Test func `rows one by one give the logits of the batch`() throws {
        let model = try GoldenCase.tiny.model()
        let inputs = try GoldenInputs(GoldenCase.tiny.file("inputs.safetensors"))
        let together = try withoutGradients { try model.logits(inputs.batch) }
        let pixels = try #require(inputs.batch.pixels)
        var image = 0
        for (row, ids) in inputs.batch.ids.enumerated() {
            let count = ids.count { $0 == MarkerID.image }
            let own = count == 0 ? nil : try pixels.narrowed(0, from: image, length: count)
            image += count
            let alone = try withoutGradients {
                try model.logits(MiphaBatch(ids: [ids], pixels: own))
            }
            try requireClose(
                "row \(row)", alone,
                together.row(row, length: alone.size(1)).values(as: Float.self),
                .of(.sameModel))
        }
    }

    @Test func `the bfloat16 forward pass is as near the reference's as both are to float32`()
        throws
    {
        let model = try GoldenCase.tiny.model(dtype: .bfloat16)
        let inputs = try GoldenInputs(GoldenCase.tiny.file("inputs.safetensors"))
        let expected = try GoldenCase.tiny.file("bf16.safetensors")
        let run = try states(model, inputs.batch)
        #expect(run.logits.dtype == .bfloat16)
        let projected = try #require(run.byName["projector"])
        #expect(projected.dtype == .bfloat16)
        let tolerance = Tolerance.of(.activation, .bfloat16)
        try requireClose(
            "projector", projected, inputs.usedValues(expected, "projector"), tolerance)
        let lengths = try model.plan(for: inputs.batch).lengths
        try requireClose(
            "logits, row 0", run.logits.row(0, length: lengths[0]), expected.floats("logits.0"),
            tolerance)
        for (row, length) in lengths.enumerated() {
            let last = try run.logits.row(row, length: length)
                .narrowed(0, from: length - 1, length: 1)
            try requireClose(
                "last logits, row \(row)", last, expected.floats("last.\(row)"), tolerance)
        }
        let chain = try model.lossChain(inputs.batch, dropout: nil)
        let sum = try withoutGradients { try chain.segments.run(chain.input) }
        #expect(sum.dtype == .float32)
        try requireClose(
            "loss", sum * (1 / Double(chain.supervisedCount)), expected.floats("loss"),
            .of(.loss, .bfloat16))
    }

    @Test func `masking the end of text inside a row equals the reference's collator`() throws {
        let model = try GoldenCase.tiny.model()
        let golden = try GoldenCase.tiny.file("eos-mask.safetensors")
        let pad = try golden.integers("pad")[0]
        let masked = try GoldenInputs(golden, idMask: { $0 != pad }).batch
        let logits = try withoutGradients { try model.logits(masked) }
        for (row, length) in try model.plan(for: masked).lengths.enumerated() {
            try requireClose(
                "logits, row \(row)", logits.row(row, length: length),
                golden.floats("logits.\(row)"), .of(.activation))
        }
        for (batch, name) in [
            (masked, "loss"), (try GoldenInputs(golden).batch, "loss.length_mask"),
        ] {
            let chain = try model.lossChain(batch, dropout: nil)
            let sum = try withoutGradients { try chain.segments.run(chain.input) }
            try requireClose(
                name, sum * (1 / Double(chain.supervisedCount)), golden.floats(name), .of(.loss))
        }
    }
}
