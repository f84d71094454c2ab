package import MiphaModels
package import MiphaNN
package import MiphaTorch

/// Passes of a model's own chains over batches without elements.
package final class SimulatedPasses {
    private let facts: MemoryFacts
    private let heap: SimulatedHeap
    private let model: MiphaModel
    private let dropout: RandomGenerator
    /// Called between the forward and the backward half of a pass.
    private let didRunForward: () -> Void
    /// What learns.
    package let learning: [(fact: ParameterFact, tensor: Tensor)]
    /// The most bytes that a forward pass left.
    package private(set) var largestActivations = 0
    private var bytesBefore = 0
    private var isForward = true
    /// The part of the other processes.
    var ranks: PlannedRanks?

    /// Prepares passes of a model whose memory is that of `heap`.
    package init(
        _ facts: MemoryFacts, _ heap: SimulatedHeap, _ model: MiphaModel,
        didRunForward: @escaping () -> Void
    ) throws {
        self.facts = facts
        self.heap = heap
        self.model = model
        self.didRunForward = didRunForward
        dropout = try RandomGenerator(seed: 0)
        learning = model.store.facts.compactMap { fact in
            guard let tensor = model.store[fact.name], tensor.requiresGradient else { return nil }
            return (fact, tensor)
        }
    }

    /// Forward and backward pass of a micro-batch.
    package func train(_ batch: PlannedBatch, isLast: Bool) throws {
        let chain = try chain(batch, dropout: dropout)
        ranks?.begin(chain, isLast: isLast)
        bytesBefore = heap.live
        isForward = true
        _ = try SegmentedBackward(checkpointing: facts.checkpointing)(
            chain, scale: 1, dropout: dropout, observer: self)
    }

    /// A pass without gradients and dropout.
    package func evaluate(_ batch: PlannedBatch) throws {
        let chain = try chain(batch, dropout: nil)
        ranks?.begin(chain, isLast: false)
        var state = chain.input
        for segment in chain.segments {
            try ranks?.willRun(segment)
            state = try withoutGradients { () throws(TensorError) in try segment(state) }
            try ranks?.didRun(segment)
        }
    }

    private func chain(_ shape: PlannedBatch, dropout: RandomGenerator?) throws -> LossChain {
        var batch = shape.batch(masksKeys: facts.masksKeys)
        if shape.pictures > 0 {
            if facts.towerIsFrozen {
                batch.features = try features(shape.pictures)
            } else {
                batch.pixels = try pixels(shape.pictures)
            }
        }
        guard let loss = facts.preference else {
            return try model.lossChain(batch, dropout: dropout, zLoss: facts.zLoss)
        }
        let reference = loss.needsReference ? batch.ids.map { _ in 0.0 } : []
        return try model.preferenceChain(
            PreferenceBatch(rows: batch, reference: reference), loss: loss, dropout: nil)
    }

    private func pixels(_ count: Int) throws -> Tensor {
        try .empty([count] + facts.config.vision.input.sizes, device: .meta)
    }

    /// What a frozen tower gives, picture by picture; every picture takes what the first does.
    private func features(_ count: Int) throws -> Tensor {
        let first = try withoutGradients { () throws in
            try model.tower.segments(dropout: nil).run(pixels(1))
        }
        let others = try (1..<count).map { _ in
            try Tensor.empty(first.shape, dtype: first.dtype, device: .meta)
        }
        return try .concatenating([first] + others, along: 0)
    }

    /// Updates what a segment reads and drops its gradients.
    private func update(_ segment: Segment) throws {
        let own = learning.filter { segment.reads($0.fact) }.map(\.tensor)
        try Self.measureNorm(own.map(\.elementCount))
        for tensor in own { try tensor.setGradient(nil) }
    }

    /// The norm is summed in float64, some million elements at a time.
    static func measureNorm(_ counts: [Int]) throws {
        _ = try Tensor.room(min(counts.max() ?? 0, 1 << 22) * 8)
    }
}

extension SimulatedPasses: SegmentObserver {
    package func willRun(_ segment: Segment) throws { try ranks?.willRun(segment) }
    package func didRun(_ segment: Segment) throws { try ranks?.didRun(segment) }

    package func willRunBackward(_ segment: Segment) throws {
        if isForward {
            isForward = false
            // The head's gradient is made with the loss.
            let head = learning.filter { $0.fact.part == .head }
                .reduce(0) { $0 + $1.tensor.elementCount * 4 }
            let others = head + (ranks?.gatheredBytes ?? 0)
            largestActivations = max(largestActivations, heap.live - bytesBefore - others)
            didRunForward()
        }
        try ranks?.willRunBackward(segment)
    }

    package func didRunBackward(_ segment: Segment) throws {
        if facts.updatesInBackward { try update(segment) }
        try ranks?.didRunBackward(segment)
    }

    package func didEndPass() throws {}
}

extension Tensor {
    /// So many bytes of memory.
    static func room(_ bytes: Int) throws(TensorError) -> Tensor {
        try .empty([bytes], dtype: .uint8, device: .meta)
    }
}
