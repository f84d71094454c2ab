import MiphaModels
import MiphaNN
import MiphaTorch

/// Updates the parameters of each segment as soon as the backward pass has left it.
///
/// Gradients of the whole model are never in memory together: those of a segment are dropped before
/// the next one begins. The weights are those of the ordinary step to the last bit, because no
/// parameter's update depends on another's. That holds for one micro-batch an update and without
/// clipping; and a gradient that is not finite is found after the segments above have been updated.
final class OptimizerInBackward: SegmentObserver {
    /// Gradients of a segment that are not finite.
    struct NonFiniteGradient: Error {
        /// The segment.
        let segment: String
        /// Norm of its gradients.
        let norm: Double
    }

    private let optimizer: AdamW
    private let factor: Double
    /// Parameters whose gradients are complete after a segment's backward pass.
    private var complete: [String: Set<String>] = [:]
    private var squares = 0.0
    private let stepping: (() throws -> Void) throws -> Void

    /// Norm of all gradients so far.
    var norm: Double { squares.squareRoot() }

    /// Prepares the update that goes with one pass over a chain.
    ///
    /// - Parameters:
    ///   - factor: the schedule's, as ``AdamW/step(learningRate:of:)`` takes it.
    ///   - trainable: the parameters that learn.
    ///   - stepping: does the steps of the optimiser.
    init(
        _ optimizer: AdamW, factor: Double, segments: [Segment], trainable: [ParameterFact],
        stepping: @escaping (() throws -> Void) throws -> Void = { try $0() }
    ) {
        self.optimizer = optimizer
        self.factor = factor
        self.stepping = stepping
        for fact in trainable {
            guard let lowest = segments.first(where: { $0.reads(fact) }) else { continue }
            complete[lowest.name, default: []].insert(fact.name)
        }
    }

    func willRun(_ segment: Segment) throws {}
    func didRun(_ segment: Segment) throws {}
    func willRunBackward(_ segment: Segment) throws {}

    func didRunBackward(_ segment: Segment) throws {
        guard let names = complete[segment.name] else { return }
        let gradients = try optimizer.gradients(of: names)
        guard !gradients.isEmpty else { return }
        let norm = try Tensor.norm(of: gradients)
        guard norm.isFinite else { throw NonFiniteGradient(segment: segment.name, norm: norm) }
        squares += norm * norm
        try stepping { try optimizer.step(learningRate: factor, of: names) }
    }

    func didEndPass() throws {}
}
