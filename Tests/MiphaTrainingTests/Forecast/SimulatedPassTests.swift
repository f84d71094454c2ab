import MiphaModels
import MiphaNN
import MiphaTorch
import MiphaTraining
import Testing

/// Passes of a tiny model on the meta device.
struct SimulatedPassTests {
    enum Kind: CaseIterable {
        case plain, checkpointing, packed, masked, frozenTower, preference, adapters, fourBits
    }

    private let config = MiphaConfig(
        vision: SigLIPConfig(
            hiddenSize: 16, intermediateSize: 24, layerCount: 3, headCount: 2, imageSize: 14,
            patchSize: 7),
        language: PhiConfig(
            vocabularySize: 97, hiddenSize: 16, intermediateSize: 24, layerCount: 3, headCount: 2,
            partialRotaryFactor: 0.5, residualDropout: 0.1))

    private func facts(_ kind: Kind, _ dtype: DType) -> MemoryFacts {
        var facts = MemoryFacts(config, parameters: [], dtype: dtype)
        facts.checkpointing = kind == .checkpointing
        facts.masksKeys = kind == .masked
        facts.towerIsFrozen = kind == .frozenTower
        facts.preference = kind == .preference ? .dpo(beta: 0.1) : nil
        if kind == .adapters || kind == .fourBits {
            facts.adapters = AdapterPlan(rank: 2, alpha: 4, dropout: 0.1)
        }
        if kind == .fourBits { facts.quantization = QuantizationPlan(format: .nf4) }
        return facts
    }

    private func batch(_ kind: Kind) -> PlannedBatch {
        let samples = [(7, 1, 3), (9, 0, 2)].map { words, pictures, supervised in
            SampleShapes.Shape(
                words: words, pictures: pictures, supervised: supervised, patches: 4,
                rejected: kind == .preference ? words : nil)
        }
        return PlannedBatch(samples, packs: kind == .packed)
    }

    @Test(
        arguments: Kind.allCases,
        [(DType.float32, false), (.bfloat16, false), (.float32, true), (.bfloat16, true)])
    func `a pass leaves one gradient for each parameter that learns and nothing else`(
        kind: Kind, form: (dtype: DType, isOnDevice: Bool)
    ) throws {
        let dtype = form.dtype
        let heap = SimulatedHeap(isOnDevice: form.isOnDevice)
        let facts = facts(kind, dtype)
        func bytes(_ tensors: [Tensor]) -> Int { tensors.reduce(0) { $0 + $1.byteCount } }
        try withMetaMemory(heap.memory) {
            let model = try MiphaModel(
                config, source: DryRunSource(dtype: dtype), adapters: facts.adapters,
                quantization: facts.quantization)
            try model.store.train { name in
                guard let fact = model.store.fact(name), fact.isRun else { return false }
                return facts.adapters == nil
                    ? !facts.towerIsFrozen || fact.part != .tower : fact.adapter != nil
            }
            let before = heap.live
            var halves = 0
            let passes = try SimulatedPasses(facts, heap, model) { halves += 1 }
            let learning = model.store.parameters.map(\.tensor).filter(\.requiresGradient)
            for _ in 0..<2 { try passes.train(batch(kind)) }
            #expect(halves == 2 && passes.largestActivations > 0)
            let gradients = try learning.compactMap { try $0.gradient() }
            #expect(gradients.map(\.description) == learning.map(\.description))
            // A block is a little larger than its elements.
            let more = heap.live - before - bytes(gradients)
            #expect((0...128 * gradients.count).contains(more), "\(more) \(gradients.count)")
            try passes.evaluate(batch(kind))
            for tensor in learning { try tensor.setGradient(nil) }
            withExtendedLifetime(gradients) {}
        }
        #expect(heap.live == 0)
    }
}
