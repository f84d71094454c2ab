import MiphaTorch

/// Losses of micro-batches that are still where the model is.
///
/// The losses of an update are read together, because each reading waits for all that a device has
/// to do. In main memory nothing waits: there each is read at once, so that an update that is lost
/// ends with the micro-batch that spoils it.
struct WaitingLosses {
    private var waiting: [(loss: Tensor, scale: Double, figures: PassFigures)] = []

    /// Whether the last loss can be read without waiting.
    var isReadAtOnce: Bool { waiting.last?.loss.device == .cpu }

    /// Adds the loss of a micro-batch; `nil` where nothing was supervised.
    ///
    /// - Parameters:
    ///   - scale: the factor that it counts with in the update.
    ///   - figures: those of the objective, which are read with the loss.
    mutating func append(_ loss: Tensor?, _ scale: Double, _ figures: PassFigures) {
        if let loss { waiting.append((loss, scale, figures)) }
    }

    /// Adds what has waited to the loss and the figures of the update, in the order in which it came.
    ///
    /// - Returns: the first loss that is not finite.
    mutating func read(into result: inout UpdateResult) throws(TensorError) -> Double? {
        guard !waiting.isEmpty else { return nil }
        let scalars = waiting.flatMap { [$0.loss] + $0.figures.scalars }
        var values = try Tensors.items(of: scalars)[...]
        var broken: Double?
        for item in waiting {
            let loss = values.removeFirst()
            result.loss += loss * item.scale
            let figures = item.figures.numbers(taking: &values)
            result.figures = zip(result.figures, figures).map { $0 + $1 }
            if broken == nil, !loss.isFinite { broken = loss }
        }
        waiting = []
        return broken
    }
}
