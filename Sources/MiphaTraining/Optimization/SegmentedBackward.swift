public import MiphaModels
import MiphaNN
public import MiphaTorch

/// Forward and backward pass of a chain of segments, one segment at a time.
///
/// Forward runs each segment on a detached input and keeps the boundary states; backward walks the
/// same list in reverse and hands each segment the gradient that came from above. Gradients equal
/// those of one autograd graph over the whole chain to the last bit. Segments below the lowest
/// trainable parameter run without recording.
public struct SegmentedBackward {
    /// Whether states inside segments are computed again in the backward pass instead of kept.
    public let checkpointing: Bool

    /// Whether a loss that is not finite ends the pass before its backward half.
    public let stopsAtNonFiniteLoss: Bool

    /// Creates the pass.
    public init(checkpointing: Bool = false, stopsAtNonFiniteLoss: Bool = false) {
        self.checkpointing = checkpointing
        self.stopsAtNonFiniteLoss = stopsAtNonFiniteLoss
    }

    /// The values that a segment keeps for the backward pass.
    private struct Record {
        let segment: Segment
        let input: Tensor
        /// The recorded output, or `nil` when the segment is to be run again.
        var output: Tensor?
        /// The state of the dropout generator before the segment, when it is to be run again.
        let generatorState: Tensor?
    }

    /// Adds `scale` times the gradient of the chain's loss to its trainable parameters.
    ///
    /// - Parameters:
    ///   - dropout: the generator the chain draws dropout masks from, so that a segment that is run
    ///     again draws the same ones.
    ///   - observer: acts around every segment.
    /// - Returns: the loss, a sum in nats, not scaled.
    public func callAsFunction(
        _ chain: LossChain, scale: Double, dropout: RandomGenerator? = nil,
        observer: (any SegmentObserver)? = nil
    ) throws -> Double {
        try run(chain, scale: scale, dropout: dropout, observer: observer)?.item() ?? 0
    }

    /// The same pass, which leaves the loss where the model is, so that nobody waits for it.
    ///
    /// - Returns: the loss, a sum in nats, not scaled; `nil` where nothing is supervised.
    package func run(
        _ chain: LossChain, scale: Double, dropout: RandomGenerator? = nil,
        observer: (any SegmentObserver)? = nil
    ) throws -> Tensor? {
        guard chain.supervisedCount > 0 else {
            try observer?.didEndPass()
            return nil
        }
        var records: [Record] = []
        let loss = try forward(chain, dropout: dropout, observer: observer, into: &records)
        let value = try loss.detached()
        if stopsAtNonFiniteLoss {
            guard try value.item().isFinite else { return value }
        }
        var gradient = try Tensor.full([], scale, dtype: loss.dtype, device: loss.device)
        while let record = records.popLast() {
            try observer?.willRunBackward(record.segment)
            let output = try record.output ?? rerun(record, dropout: dropout)
            try output.backward(gradient)
            try observer?.didRunBackward(record.segment)
            guard record.input.requiresGradient, let next = try record.input.gradient() else {
                break
            }
            gradient = next
        }
        try observer?.didEndPass()
        return value
    }

    private func forward(
        _ chain: LossChain, dropout: RandomGenerator?,
        observer: (any SegmentObserver)?, into records: inout [Record]
    ) throws -> Tensor {
        var state = chain.input
        var isDifferentiable = false
        for (index, segment) in chain.segments.enumerated() {
            try observer?.willRun(segment)
            guard isDifferentiable || chain.learns[index] else {
                state = try withoutGradients { () throws(TensorError) in try segment(state) }
                try observer?.didRun(segment)
                continue
            }
            let input = try state.detached()
            if isDifferentiable { try input.setRequiresGradient(true) }
            isDifferentiable = true
            let isLast = index == chain.segments.count - 1
            if checkpointing && !isLast {
                let generatorState = try dropout?.state()
                state = try withoutGradients { () throws(TensorError) in try segment(input) }
                records.append(
                    Record(
                        segment: segment, input: input, output: nil,
                        generatorState: generatorState))
            } else {
                let output = try withGradients { () throws(TensorError) in try segment(input) }
                records.append(
                    Record(segment: segment, input: input, output: output, generatorState: nil))
                state = output
            }
            try observer?.didRun(segment)
        }
        return state
    }

    private func rerun(_ record: Record, dropout: RandomGenerator?) throws -> Tensor {
        guard let dropout, let before = record.generatorState else {
            return try withGradients { () throws(TensorError) in try record.segment(record.input) }
        }
        let after = try dropout.state()
        try dropout.restore(before)
        let output = try withGradients { () throws(TensorError) in
            try record.segment(record.input)
        }
        try dropout.restore(after)
        return output
    }
}
