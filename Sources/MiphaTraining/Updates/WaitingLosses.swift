import MiphaTorch

/// Losses of micro-batches that are still where the model is.
///
/// The losses of an update are read together, because each reading waits for all that a device has
/// to do. In main memory nothing waits: there each is read at once, so that an update that is lost
/// ends with the micro-batch that spoils it.
struct WaitingLosses {
    private var waiting: [(loss: Tensor, scale: Double)] = []

    /// Whether the last loss can be read without waiting.
    var isReadAtOnce: Bool { waiting.last?.loss.device == .cpu }

    /// Adds the loss of a micro-batch; `nil` where nothing was supervised.
    ///
    /// - Parameter scale: the factor that it counts with in the update.
    mutating func append(_ loss: Tensor?, _ scale: Double) {
        if let loss { waiting.append((loss, scale)) }
    }

    /// Adds what has waited to the loss of the update, in the order in which it came.
    ///
    /// - Returns: the first loss that is not finite.
    mutating func read(into result: inout UpdateResult) throws(TensorError) -> Double? {
        guard !waiting.isEmpty else { return nil }
        let values = try Tensors.items(of: waiting.map(\.loss))
        for (value, item) in zip(values, waiting) { result.loss += value * item.scale }
        waiting = []
        return values.first { !$0.isFinite }
    }
}
