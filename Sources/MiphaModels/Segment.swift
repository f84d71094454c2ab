public import MiphaNN
public import MiphaTorch

/// One step of a model's chain: a function of the hidden state, with the places of its parameters.
///
/// A model is a list of segments run one after another. Inference folds over the list; training
/// keeps the states between them and walks the list backwards, so that recomputation, gradient
/// reduction and parameter gathering are ordinary code around a loop.
public struct Segment {
    /// Name in messages and activation dumps.
    public let name: String
    /// The places of the parameters that the segment reads.
    public let places: Set<ParameterPlace>
    private let body: (Tensor) throws(TensorError) -> Tensor

    /// Creates a segment.
    public init(
        _ name: String, reads places: Set<ParameterPlace>,
        body: @escaping (Tensor) throws(TensorError) -> Tensor
    ) {
        self.name = name
        self.places = places
        self.body = body
    }

    /// Runs the segment.
    public func callAsFunction(_ state: Tensor) throws(TensorError) -> Tensor {
        try body(state)
    }

    /// Whether the segment reads a parameter.
    public func reads(_ fact: ParameterFact) -> Bool {
        fact.isRun && places.contains(fact.place)
    }
}

extension [Segment] {
    /// Runs all segments in order; `observe` sees the state after each.
    public func run(
        _ input: Tensor, observe: (Segment, Tensor) throws(TensorError) -> Void = { _, _ in }
    ) throws(TensorError) -> Tensor {
        var state = input
        for segment in self {
            state = try segment(state)
            try observe(segment, state)
        }
        return state
    }
}
