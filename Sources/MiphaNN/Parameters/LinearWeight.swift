public import MiphaTorch

/// The matrix `[out, in]` of a linear layer.
public enum LinearWeight {
    /// With one element for each number.
    case dense(Tensor)
    /// Frozen, quantised.
    case quantized(QuantizedMatrix)

    /// `x W^T + b`.
    func map(_ x: Tensor, bias: Tensor?) throws(TensorError) -> Tensor {
        switch self {
        case .dense(let weight): try Functions.linear(x, weight: weight, bias: bias)
        case .quantized(let weight): try Functions.linear(x, weight: weight, bias: bias)
        }
    }

    /// Device that holds the elements.
    var device: Device {
        switch self {
        case .dense(let weight): weight.device
        case .quantized(let weight): weight.codes.device
        }
    }

    /// The matrix itself, unpacked when it is quantised.
    func dense() throws(TensorError) -> Tensor {
        switch self {
        case .dense(let weight): weight
        case .quantized(let weight): try weight.dense()
        }
    }
}
