public import MiphaTorch

/// Activation names of transformers' configs.
public enum Activation: String, Sendable, CaseIterable {
    /// Exact GELU.
    case gelu
    /// Tanh GELU, written out in the reference.
    case geluNew = "gelu_new"
    /// Tanh GELU, fused in the reference.
    case geluTanh = "gelu_pytorch_tanh"
    /// GELU by a sigmoid, as in OpenAI's CLIP.
    case geluQuick = "quick_gelu"
    /// SiLU, also called swish.
    case silu

    /// The engine's function.
    public var function: ActivationFunction {
        switch self {
        case .gelu: .geluExact
        case .geluNew, .geluTanh: .geluTanh
        case .geluQuick: .geluQuick
        case .silu: .silu
        }
    }
}
