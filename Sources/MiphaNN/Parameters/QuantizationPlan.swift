public import MiphaTorch

/// The linear layers that keep their frozen weights quantised.
public struct QuantizationPlan: Sendable, Equatable {
    /// The format of the matrices.
    public var format: QuantizationFormat
    /// Parts of the model whose linear layers are quantised.
    ///
    /// Mipha's `train.py` leaves tower, projector and head alone, as the default does.
    public var parts: Set<ModelPart>

    /// Creates a plan.
    public init(format: QuantizationFormat, parts: Set<ModelPart> = [.language]) {
        self.format = format
        self.parts = parts
    }

    /// Whether a parameter is quantised: the matrix of a linear layer of these parts.
    package func covers(_ fact: ParameterFact) -> Bool {
        fact.role == .matrix && fact.adapter == nil && parts.contains(fact.part)
    }
}
