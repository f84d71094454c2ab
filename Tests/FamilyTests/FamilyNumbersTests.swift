import MiphaChat
import MiphaInference
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// What a family computes, against transformers.
@Suite struct FamilyNumbersTests {
    @Test func `every family of the catalogues has a fixture`() throws {
        let configs = try FamilyCase.allCases.map { try MiphaConfig(folder: $0.folder) }
        let towers = configs.flatMap { $0.vision.towers.map { type(of: $0).family.id } }
        let languages = configs.map { type(of: $0.language).family.id }
        #expect(Set(towers) == Set(TowerCatalogue.all.map { $0.family.id }))
        #expect(Set(languages) == Set(LanguageCatalogue.all.map { $0.family.id }))
    }

    @Test(arguments: FamilyCase.allCases)
    func `every layer of the forward pass equals transformers'`(_ family: FamilyCase) throws {
        let (model, batch, expected) = (
            try family.model(), try family.batch(), try family.file("expected")
        )
        var states: [String: Tensor] = [:]
        let logits = try withoutGradients {
            try model.logits(batch) { (segment, state) throws(TensorError) in
                states[segment.name] = state
            }
        }
        let lengths = try model.plan(for: batch).lengths
        var compared = 0
        for name in expected.names {
            let parts = name.split(separator: ".")
            let found: Tensor
            switch parts[0] {
            case "vision", "projector": found = try #require(states[name])
            case "hidden" where parts[1] == "norm":
                let last = try #require(states["hidden.\(model.config.language.layerCount)"])
                let row = try #require(Int(parts[2]))
                found = try model.language.head.normalize(last).row(row, length: lengths[row])
            case "hidden":
                let row = try #require(Int(parts[2]))
                found = try #require(states["hidden.\(parts[1])"])
                    .row(row, length: lengths[row])
            case "logits":
                let row = try #require(Int(parts[1]))
                found = try logits.row(row, length: lengths[row])
            default: continue
            }
            try requireClose(name, found, expected.floats(name), .of(.activation))
            compared += 1
        }
        let config = model.config
        #expect(
            compared == 2 + config.vision.usedLayerCount
                + lengths.count * (config.language.layerCount + 2))
    }

    @Test(arguments: FamilyCase.allCases, [false, true])
    func `loss and gradients of all parameters equal PyTorch's`(
        _ family: FamilyCase, _ checkpointing: Bool
    ) throws {
        let model = try family.model(use: .training)
        try model.store.train { _ in true }
        let chain = try model.lossChain(family.batch(), dropout: nil)
        let scale = 1 / Double(chain.supervisedCount)
        let sum = try SegmentedBackward(checkpointing: checkpointing)(chain, scale: scale)
        let loss = try family.file("expected").scalar("loss")
        #expect(abs(Float(sum * scale) - loss) <= Tolerance.of(.loss).limit(loss))

        let expected = try family.gradients()
        let largest = expected.values.reduce(0) { max($0, $1.reduce(0) { max($0, abs($1)) }) }
        let tolerance = Tolerance.of(.gradient)
        var found: Set<String> = []
        for (name, parameter) in model.store.parameters {
            guard let gradient = try parameter.gradient() else { continue }
            found.insert(name)
            // Softmax ignores the bias of keys that are not rotated: rounding is all there is.
            let isNoise =
                name.contains("vision")
                && ["k_proj.bias", "attention.key.bias"].contains(where: name.hasSuffix)
            try requireClose(
                name, gradient, expected[name] ?? [],
                isNoise
                    ? Tolerance(relative: 0, absolute: tolerance.relative * largest) : tolerance)
        }
        #expect(found == Set(expected.keys))
        #expect(found == Set(model.store.facts.filter(\.isRun).map(\.name)))
    }

    @Test(arguments: FamilyCase.allCases)
    func `greedy answers are transformers' 64 tokens, alone, in a batch and without a cache`(
        _ family: FamilyCase
    ) async throws {
        let golden = try family.prompts()
        let engine = try family.engine()
        let sampling = SamplingOptions(maxTokens: 64)
        let requests = golden.map { PreparedRequest(prompt: $0.prompt, sampling: sampling) }
        let together = try await engine.decode(requests).results.map { try $0.get().tokens }
        #expect(together == golden.map(\.answer))
        for (request, (_, answer)) in zip(requests, golden) {
            let alone = try await engine.decode([request]).results.map { try $0.get().tokens }
            #expect(alone == [answer])
        }
        let model = try family.model()
        for (prompt, answer) in golden {
            var batch = MiphaBatch(ids: [prompt.ids], pixels: try family.pixels(prompt.images))
            for expected in answer {
                let logits = try withoutGradients { try model.logits(batch) }
                let last = try logits.narrowed(1, from: logits.size(1) - 1, length: 1)
                try #require(Int(try last.argmax().item()) == expected)
                batch.ids[0].append(expected)
            }
        }
    }
}

extension Tensor {
    /// The first `length` positions of one row of a batch.
    fileprivate func row(_ row: Int, length: Int) throws -> Tensor {
        let chosen = try narrowed(0, from: row, length: 1).narrowed(1, from: 0, length: length)
        return try chosen.reshaped([length, -1])
    }
}
