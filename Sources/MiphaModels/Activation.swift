public import MiphaTorch

/// Activation names of transformers' configs.
public enum Activation: String, Sendable, CaseIterable {
    /// Exact GELU.
    case gelu
    /// Tanh GELU, written out in the reference.
    case geluNew = "gelu_new"
    /// Tanh GELU, fused in the reference.
    case geluTanh = "gelu_pytorch_tanh"

    /// The engine's function.
    public var function: ActivationFunction {
        switch self {
        case .gelu: .geluExact
        case .geluNew, .geluTanh: .geluTanh
        }
    }
}
