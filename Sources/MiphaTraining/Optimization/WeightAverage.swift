public import MiphaTorch

/// An exponential moving average of the weights that learn, in float32.
///
/// It starts at the weights before the first update; after each update
/// `average = decay * average + (1 - decay) * weight`, where a weight of lower precision counts
/// with its float32 master value.
public final class WeightAverage {
    /// The fraction of the average that is kept at each update, from 0 to below 1.
    public let decay: Double
    private let averages: [(name: String, tensor: Tensor)]

    /// Starts from the given float32 weights.
    public init(decay: Double, weights: [(name: String, tensor: Tensor)]) throws {
        self.decay = decay
        averages = try weights.map { ($0.name, try $0.tensor.detached().cloned()) }
    }

    /// Moves the averages towards the weights.
    ///
    /// - Parameter weights: the names and shapes that the average was started with, in that order.
    public func update(_ weights: [(name: String, tensor: Tensor)]) throws {
        precondition(weights.map(\.name) == averages.map(\.name), "an average of other weights")
        try withoutGradients {
            for ((_, average), (_, weight)) in zip(averages, weights) {
                try average.scale(by: decay)
                try average.accumulate(weight, times: 1 - decay)
            }
        }
    }

    /// The averages by parameter name.
    public var state: [(name: String, tensor: Tensor)] { averages }

    /// Continues from a saved state.
    ///
    /// - Parameter find: the saved tensor of a name; it throws when there is none.
    public func restore(_ find: (String) throws -> Tensor) throws {
        for (name, average) in averages { try average.assign(find(name)) }
    }
}
