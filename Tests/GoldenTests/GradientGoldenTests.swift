import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Gradients of the mean loss against PyTorch's, and both ways of computing them against another.
@Suite struct GradientGoldenTests {
    /// How a backward pass is run.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case onePiece, segments, checkpointedSegments

        var testDescription: String { rawValue }
    }

    /// The gradients that `way` leaves in the chosen parameters, scaled to the mean loss.
    private func gradients(
        _ golden: GoldenCase, _ way: Way, where rule: (String) -> Bool = { _ in true }
    ) throws -> (loss: Double, byName: [String: [Float]]) {
        let model = try golden.model(use: .training)
        try model.store.train(where: rule)
        let inputs = try GoldenInputs(golden.file("inputs.safetensors"))
        let chain = try model.lossChain(inputs.batch, dropout: nil)
        let scale = 1 / Double(chain.supervisedCount)
        var loss: Double
        if way == .onePiece {
            let sum = try chain.segments.run(chain.input)
            try sum.backward(Tensor.full([], scale, device: sum.device))
            loss = try sum.detached().item()
        } else {
            let pass = SegmentedBackward(checkpointing: way == .checkpointedSegments)
            loss = try pass(chain, scale: scale)
        }
        loss *= scale
        var found: [String: [Float]] = [:]
        for (name, parameter) in model.store.parameters {
            if let gradient = try parameter.gradient() {
                #expect(gradient.shape == parameter.shape, "\(name)")
                found[name] = try gradient.values()
            }
        }
        return (loss, found)
    }

    @Test(arguments: GoldenCase.allCases, Way.allCases)
    func `gradients of all parameters equal the reference`(
        _ golden: GoldenCase, _ way: Way
    ) throws {
        let expected = try golden.gradients()
        let found = try gradients(golden, way)
        let loss = try golden.file("expected.safetensors").scalar("loss")
        #expect(abs(Float(found.loss) - loss) <= Tolerance.of(.loss).limit(loss))
        let withGradient = Set(found.byName.keys)
        #expect(
            withGradient == Set(expected.keys),
            "differ in \(withGradient.symmetricDifference(expected.keys).sorted())")
        let largest = expected.values.reduce(0) { max($0, $1.reduce(0) { max($0, abs($1)) }) }
        let tolerance = Tolerance.of(.gradient)
        for name in expected.keys.sorted() {
            // Softmax ignores the bias of keys that are not rotated: rounding is all there is.
            let isNoise = name.contains("vision") && name.hasSuffix("k_proj.bias")
            let comparison = Comparison(
                name, found.byName[name] ?? [], expected[name] ?? [],
                isNoise
                    ? Tolerance(relative: 0, absolute: tolerance.relative * largest) : tolerance)
            #expect(comparison.passes, "\(comparison)")
        }
    }

    @Test(arguments: GoldenCase.allCases, [Way.segments, .checkpointedSegments])
    func `gradients through segments equal one graph to the last bit`(
        _ golden: GoldenCase, _ way: Way
    ) throws {
        let whole = try gradients(golden, .onePiece)
        let pieces = try gradients(golden, way)
        #expect(whole.loss == pieces.loss)
        #expect(Set(whole.byName.keys) == Set(pieces.byName.keys))
        for (name, expected) in whole.byName {
            let comparison = Comparison(
                name, pieces.byName[name] ?? [], expected, Tolerance(relative: 0))
            #expect(haveSameBits(pieces.byName[name] ?? [], expected), "\(comparison)")
        }
    }

    @Test(arguments: ["model.mm_projector.", "model.layers.1.", "lm_head.", "model.embed_tokens."])
    func `a part trained alone has the gradients it has in the whole`(_ prefix: String) throws {
        let whole = try gradients(.tiny, .onePiece)
        for way in Way.allCases {
            let part = try gradients(.tiny, way) { $0.hasPrefix(prefix) }
            #expect(
                Set(part.byName.keys) == Set(whole.byName.keys.filter { $0.hasPrefix(prefix) }))
            for (name, gradient) in part.byName {
                #expect(haveSameBits(gradient, whole.byName[name] ?? []), "\(name), \(way)")
            }
        }
    }

    @Test(arguments: [false, true])
    func `two passes add their gradients`(_ checkpointing: Bool) throws {
        let model = try GoldenCase.square.model(use: .training)
        let trainable = try model.store.train { $0.hasPrefix("model.layers.") }
        let batch = try GoldenInputs(GoldenCase.square.file("inputs.safetensors")).batch
        let chain = try model.lossChain(batch, dropout: nil)
        let pass = SegmentedBackward(checkpointing: checkpointing)
        let name = try #require(trainable.first)
        let parameter = try #require(model.store[name])
        _ = try pass(chain, scale: 0.25)
        let once = try #require(try parameter.gradient()).values(as: Float.self)
        _ = try pass(chain, scale: 0.25)
        let twice = try #require(try parameter.gradient()).values(as: Float.self)
        #expect(haveSameBits(twice, once.map { 2 * $0 }))
    }

    @Test func `dropout masks are the same when a segment is run again`() throws {
        var runs: [(loss: Double, gradients: [[Float]], next: [Float])] = []
        for checkpointing in [false, true] {
            var config = try MiphaConfig(folder: GoldenCase.tiny.folder)
            var language = try #require(config.language as? PhiConfig)
            language.residualDropout = 0.3
            config.language = language
            let generator = try RandomGenerator(seed: 11)
            let initial = try GoldenCase.tiny.model(use: .training)
            let model = try MiphaModel(config, source: StoreSource(store: initial.store))
            try model.store.train { _ in true }
            let batch = try GoldenInputs(GoldenCase.tiny.file("inputs.safetensors")).batch
            let chain = try model.lossChain(batch, dropout: generator)
            let loss = try SegmentedBackward(checkpointing: checkpointing)(
                chain, scale: 1, dropout: generator)
            let gradients = try model.store.parameters.compactMap {
                try $0.tensor.gradient()?.values(as: Float.self)
            }
            let next = try Tensor.normal([4], generator: generator).values(as: Float.self)
            runs.append((loss, gradients, next))
        }
        #expect(runs[0].loss == runs[1].loss)
        #expect(runs[0].gradients == runs[1].gradients)
        #expect(runs[0].next == runs[1].next)
        let plain = try gradients(.tiny, .segments)
        #expect(abs(plain.loss - runs[0].loss) > 1e-3)
    }
}
