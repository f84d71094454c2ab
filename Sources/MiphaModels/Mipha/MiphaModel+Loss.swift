public import MiphaNN
public import MiphaTorch

/// The chain from a batch to its loss, with what is needed to run and to weigh it.
public struct LossChain {
    /// Segments from `input` to the scalar sum of cross-entropies in nats.
    public private(set) var segments: [Segment]
    /// Whether each segment reads a parameter that collects gradients.
    public let learns: [Bool]
    /// Pixels, or an empty tensor for a batch without images.
    public let input: Tensor
    /// Number of supervised positions.
    public let supervisedCount: Int
    /// Number of real positions, images included.
    public let positionCount: Int
    /// The supervised positions with their targets, where the chain was made from a batch.
    package internal(set) var supervised: SupervisedPlaces?

    /// Creates a chain.
    ///
    /// - Parameter learning: where parameters are that collect gradients.
    public init(
        segments: [Segment], learning: Set<ParameterPlace>, input: Tensor, supervisedCount: Int,
        positionCount: Int
    ) {
        self.segments = segments
        learns = segments.map { !$0.places.isDisjoint(with: learning) }
        self.input = input
        self.supervisedCount = supervisedCount
        self.positionCount = positionCount
    }

    /// The same chain with another last segment, which must read the same places.
    package func endingIn(_ last: Segment) -> LossChain {
        precondition(segments.last?.places == last.places, "\(last.name) reads other places")
        var chain = self
        chain.segments[segments.count - 1] = last
        return chain
    }
}

extension MiphaModel {
    /// The chain of a batch with labels; the last segment gives the *sum* over supervised positions.
    ///
    /// Head and loss run on supervised positions only, some at a time, which changes no result. Unlike
    /// the reference, cross-entropy is computed in float32 whatever the dtype of the model.
    ///
    /// - Parameters:
    ///   - dropout: generator of dropout masks in training; `nil` turns dropout off.
    ///   - zLoss: factor of the sum of `logsumexp(logits)^2` over supervised positions, which is added
    ///     to the loss and keeps logits from drifting.
    ///   - lists: gives whole numbers for other segments, which travel to the device with the ids.
    /// - Throws: `SpliceError`; `TensorError`.
    public func lossChain(
        _ batch: MiphaBatch, dropout: RandomGenerator?, zLoss: Double = 0,
        lists: (SplicePlan) -> [[Int]] = { _ in [] }
    ) throws -> LossChain {
        let plan = try plan(for: batch)
        let layout = plan.layout(of: batch)
        let indices = try PassIndices(
            plan, layout, isSupervised: true, lists: lists(plan), on: device)
        let pass = layout.pass(
            positions: indices.positions, keys: indices.keys, dropout: dropout)
        let (positions, targets) = (indices.supervised.positions, indices.supervised.targets)
        let (head, width) = (language.head, language.shape.width)
        let loss = Segment("loss", reads: head.places) { (hidden) throws(TensorError) in
            let chosen = try hidden.reshaped([-1, width]).selecting(positions)
            return try head.crossEntropySum(
                head.normalize(chosen), targets: targets, zLoss: zLoss, dropout: dropout)
        }
        let batch = try batch.moved(to: device)
        var chain = LossChain(
            segments: try embeddingSegments(plan, indices, batch, dropout: dropout)
                + language.segments(pass) + [loss],
            learning: store.learningPlaces,
            input: try batch.features ?? batch.pixels ?? .empty([0], device: device),
            supervisedCount: targets.elementCount,
            positionCount: plan.lengths.reduce(0, +))
        chain.supervised = indices.supervised
        return chain
    }
}
