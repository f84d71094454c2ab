import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTorch
import Testing

/// What layers state of their parameters, against the names that the official checkpoints give them.
@Suite struct ParameterFactTests {
    private func model(_ config: MiphaConfig) throws -> MiphaModel {
        try MiphaModel(config, source: DryRunSource())
    }

    @Test(arguments: [MiphaConfig.mipha3B, .mipha1B7])
    func `every parameter has the part, depth and role that its name says`(
        _ config: MiphaConfig
    ) throws {
        for fact in try model(config).store.facts {
            let name = fact.name
            let part: ModelPart =
                name.contains("vision_tower")
                ? .tower
                : name.contains("mm_projector")
                    ? .projector : name.hasPrefix("lm_head") ? .head : .language
            #expect(fact.part == part, "\(name)")
            let block = name.firstRange(of: ".layers.").map {
                Int(name[$0.upperBound...].prefix { $0 != "." }) ?? -1
            }
            #expect(fact.block == block, "\(name)")
            #expect(name.hasPrefix(fact.layer) && fact.adapter == nil, "\(name)")
            let isBias = name.hasSuffix("bias")
            let isNorm = name.contains("norm")
            #expect((fact.role == .bias) == isBias, "\(name)")
            #expect((fact.role == .norm) == (isNorm && !isBias), "\(name)")
            #expect(fact.role.isDecayed == (!isNorm && !isBias), "\(name)")
            let isTable = ["embed_tokens", "position_embedding", "probe"].contains(
                where: name.contains)
            #expect((fact.role == .embedding) == isTable, "\(name)")
            let ends = [".out_proj.", ".dense.", ".fc2."].contains(where: name.contains)
            #expect(fact.endsResidual == (ends && fact.role == .matrix && !fact.isHead), "\(name)")
        }
    }

    @Test func `what comes after the blocks is distinguished from what comes before them`() throws {
        let facts = try model(.mipha3B).store.facts
        func names(_ part: ModelPart, _ depth: ParameterDepth) -> [String] {
            facts.filter { $0.place == ParameterPlace(part, depth) }.map(\.name)
        }
        #expect(names(.language, .input) == ["model.embed_tokens.weight"])
        #expect(
            names(.language, .output)
                == ["model.final_layernorm.weight", "model.final_layernorm.bias"])
        #expect(names(.tower, .input).allSatisfy { $0.contains(".embeddings.") })
        #expect(
            names(.tower, .output).allSatisfy {
                $0.contains(".post_layernorm.") || $0.contains(".head.")
            })
    }

    @Test(arguments: [false, true])
    func `each segment gives gradients to the parameters at its places and to no others`(
        _ fusesProjections: Bool
    ) throws {
        var language = smallConfig(layers: 2)
        language.fusesProjections = fusesProjections
        let config = MiphaConfig(
            vision: SigLIPConfig(
                hiddenSize: 12, intermediateSize: 20, layerCount: 3, headCount: 2, imageSize: 9,
                patchSize: 4), language: language)
        let model = try MiphaModel(
            config, source: InitializerSource(generator: RandomGenerator(seed: 1)))
        try model.store.train { _ in true }
        var batch = try sampleBatch(model)
        batch.labels = batch.ids
        let chain = try model.lossChain(batch, dropout: nil)
        var state = chain.input
        var seen: Set<String> = []
        for segment in chain.segments {
            for (_, tensor) in model.store.parameters { try tensor.setGradient(nil) }
            let input = try state.detached()
            let output = try withGradients { () throws(TensorError) in try segment(input) }
            try output.sum().backward()
            let found = try model.store.parameters.filter { try $0.tensor.gradient() != nil }
            let expected = model.store.facts.filter(segment.reads)
            #expect(Set(found.map(\.name)) == Set(expected.map(\.name)), "\(segment.name)")
            #expect(expected.allSatisfy { $0.isRun })
            seen.formUnion(found.map(\.name))
            state = try output.detached()
        }
        #expect(seen == Set(model.store.facts.filter(\.isRun).map(\.name)))
    }

    @Test func `what is never run is the last block, the last norm and the pooling head`() throws {
        let unused = try model(.mipha3B).store.facts.filter { !$0.isRun }
        let expected = [".layers.26.", ".post_layernorm.", ".head."]
        #expect(unused.count == 16 + 2 + 11)
        #expect(unused.allSatisfy { fact in expected.contains(where: fact.name.contains) })
    }
}

extension ParameterFact {
    /// Whether it is of the tower's pooling head, which ends no block.
    fileprivate var isHead: Bool { name.contains(".head.attention.") }
}
