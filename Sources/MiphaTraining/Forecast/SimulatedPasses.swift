package import MiphaModels
import MiphaNN
import MiphaTorch

/// Passes of a model's own chains over batches without elements.
package final class SimulatedPasses {
    private let facts: MemoryFacts
    private let heap: SimulatedHeap
    private let model: MiphaModel
    private let dropout: RandomGenerator
    /// Called between the forward and the backward half of a pass.
    private let didRunForward: () -> Void
    /// The observer that acts around the segments.
    private var observer: (any SegmentObserver)?
    /// The part of the other processes.
    var parallel: DataParallel?
    /// The most bytes that a forward pass left, besides weights and the head's gradient.
    package private(set) var largestActivations = 0
    private var bytesBefore = 0
    private var isForward = true

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
    }

    /// Forward and backward pass of a micro-batch.
    ///
    /// - Parameter optimizer: what updates each segment in the backward pass, if it is to.
    package func train(_ batch: PlannedBatch, updating optimizer: AdamW? = nil) throws {
        let chain = try chain(batch, dropout: dropout)
        let inBackward = optimizer.map {
            OptimizerInBackward(
                $0, factor: 0, segments: chain.segments,
                trainable: model.store.facts.filter {
                    model.store[$0.name]?.requiresGradient == true
                })
        }
        observer = inBackward ?? parallel
        bytesBefore = bytes
        isForward = true
        _ = try SegmentedBackward(checkpointing: facts.checkpointing)(
            chain, scale: 1, dropout: dropout, observer: self)
    }

    /// A pass without gradients and dropout.
    package func evaluate(_ batch: PlannedBatch) throws {
        let chain = try chain(batch, dropout: nil)
        parallel?.begin(isLast: false)
        var state = chain.input
        for segment in chain.segments {
            try parallel?.willRun(segment)
            state = try withoutGradients { () throws(TensorError) in try segment(state) }
            try parallel?.didRun(segment)
        }
        try parallel?.didEndForward()
    }

    /// Bytes in use besides weights.
    private var bytes: Int { heap.live - (parallel?.weightBytes ?? 0) }

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
        try .empty([count] + facts.config.vision.inputs.sizes, device: .meta)
    }

    /// The output of a frozen tower, image by image; every image takes the memory of the first.
    private func features(_ count: Int) throws -> Tensor {
        let first = try withoutGradients { () throws in
            try model.tower.segments(dropout: nil).run(pixels(1))
        }
        let others = try (1..<count).map { _ in
            try Tensor.empty(first.shape, dtype: first.dtype, device: .meta)
        }
        return try .concatenating([first] + others, along: 0)
    }
}

extension SimulatedPasses: SegmentObserver {
    package func willRun(_ segment: Segment) throws { try observer?.willRun(segment) }
    package func didRun(_ segment: Segment) throws { try observer?.didRun(segment) }

    package func willRunBackward(_ segment: Segment) throws {
        if isForward {
            isForward = false
            // The head's gradient is made with the loss.
            let place = model.language.head.mapPlace
            let head = facts.parameters.filter { $0.learns && $0.fact.place == place }
                .reduce(0) { $0 + $1.count * 4 }
            largestActivations = max(largestActivations, bytes - bytesBefore - head)
            didRunForward()
        }
        try observer?.willRunBackward(segment)
    }

    package func didRunBackward(_ segment: Segment) throws {
        try observer?.didRunBackward(segment)
    }

    package func didEndPass() throws { try observer?.didEndPass() }
}
