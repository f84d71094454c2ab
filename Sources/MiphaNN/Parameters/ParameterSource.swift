public import MiphaTorch

/// The initial values of a parameter that no checkpoint holds.
public enum Initializer: Sendable, Equatable {
    /// Normal distribution around zero.
    case normal(deviation: Double)
    /// All zeros.
    case zeros
    /// All ones.
    case ones
}

/// The source of a model's parameters: a checkpoint, a random start, or nowhere (dry run).
public protocol ParameterSource {
    /// The parameter that a fact describes, or `nil` when the source lacks it.
    ///
    /// - Throws: `ParameterError` when it has another shape.
    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor?

    /// The stored value of an adapter's parameter, or `nil` for an adapter that starts afresh.
    ///
    /// - Throws: `ParameterError` when it has another shape.
    func adapterParameter(_ name: String, shape: [Int]) throws -> Tensor?

    /// Checks the copy of a parameter that some files hold beside it, as of a head that is the table
    /// of embeddings.
    ///
    /// - Throws: `ParameterError` when the source has the copy, and it differs from the parameter.
    func checkCopy(_ copy: String, of name: String) throws

    /// Names the source holds that are not among `used`, other than those dropped on purpose.
    func leftover(besides used: Set<String>) -> [String]
}

extension ParameterSource {
    /// Adapters start afresh.
    public func adapterParameter(_ name: String, shape: [Int]) throws -> Tensor? { nil }

    /// There are no copies.
    public func checkCopy(_ copy: String, of name: String) throws {}
}

/// Random parameters for a model trained from scratch.
public struct InitializerSource: ParameterSource {
    let generator: RandomGenerator
    let dtype: DType
    let device: Device

    /// Draws from `generator`, which is the CPU's, in the order in which the model asks.
    ///
    /// - Parameter device: where the parameters go; what is drawn does not depend on it.
    public init(generator: RandomGenerator, dtype: DType = .float32, device: Device) {
        self.generator = generator
        self.dtype = dtype
        self.device = device
    }

    /// A freshly drawn tensor.
    public func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        switch initializer {
        case .normal(let deviation):
            try .normal(shape, deviation: deviation, generator: generator, dtype: dtype)
                .to(device: device)
        case .zeros: try .zeros(shape, dtype: dtype, device: device)
        case .ones: try .full(shape, 1, dtype: dtype, device: device)
        }
    }

    /// Nothing is ever left over.
    public func leftover(besides used: Set<String>) -> [String] { [] }
}

/// Shapes without elements, to learn a model's parameter names without any memory.
public struct DryRunSource: ParameterSource {
    let dtype: DType

    /// Creates the source; `dtype` is what a byte count would be computed from.
    public init(dtype: DType = .float32) {
        self.dtype = dtype
    }

    /// A tensor on the meta device.
    public func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        try .empty(shape, dtype: dtype, device: .meta)
    }

    /// Nothing is ever left over.
    public func leftover(besides used: Set<String>) -> [String] { [] }
}
