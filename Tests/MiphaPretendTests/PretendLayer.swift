import MiphaTorch

/// An operation of models that runs on any device.
enum PretendLayer: String, CaseIterable, Sendable {
    case linear, activatedLinear, layerNorm, rmsNorm, gelu, silu, softcap, embedding, convolution
    case causalAttention, maskedAttention, composedAttention, rotary, softmax, selection, joining
    case crossEntropy, linearCrossEntropy, resampling, antialiasedResampling

    /// Shapes of the tensors that get gradients.
    var shapes: [[Int]] {
        switch self {
        case .linear, .activatedLinear: [[5, 7], [4, 7], [4]]
        case .layerNorm: [[5, 7], [7], [7]]
        case .rmsNorm: [[5, 7], [7]]
        case .gelu, .silu, .softcap, .softmax, .selection, .crossEntropy: [[5, 7]]
        case .embedding: [[5, 7]]
        case .convolution: [[2, 3, 8, 8], [4, 3, 4, 4], [4]]
        case .resampling, .antialiasedResampling: [[2, 3, 5, 6]]
        case .causalAttention, .maskedAttention, .composedAttention:
            [[2, 2, 5, 8], [2, 2, 5, 8], [2, 2, 5, 8]]
        case .rotary: [[1, 5, 2, 8]]
        case .joining: [[5, 4], [5, 3]]
        case .linearCrossEntropy: [[5, 7], [9, 7], [9]]
        }
    }

    /// Runs the operation where its operands are.
    func callAsFunction(_ x: [Tensor], on device: Device) throws -> Tensor {
        func places(_ values: [Int]) throws -> Tensor { try Tensor(values).to(device: device) }
        switch self {
        case .linear: return try Functions.linear(x[0], weight: x[1], bias: x[2])
        case .activatedLinear:
            return try Functions.linear(activated: x[0], .geluTanh, weight: x[1], bias: x[2])
        case .layerNorm:
            return try Functions.layerNorm(x[0], weight: x[1], bias: x[2], epsilon: 1e-5)
        case .rmsNorm: return try Functions.rmsNorm(x[0], weight: x[1], epsilon: 1e-5)
        case .gelu: return try Functions.activate(x[0], .geluTanh)
        case .silu: return try Functions.activate(x[0], .silu)
        case .softcap: return try Functions.softcap(x[0], 0.5)
        case .embedding: return try Functions.embedding(places([4, 0, 4]), weight: x[0])
        case .convolution:
            return try Functions.convolution(x[0], weight: x[1], bias: x[2], stride: 4)
        case .resampling, .antialiasedResampling:
            return try Functions.resampleBicubic(
                x[0], height: 4, width: 7, antialiases: self == .antialiasedResampling)
        case .causalAttention:
            return try Functions.attention(
                x[0], x[1], x[2], mask: nil, causal: true, scale: 0.3)
        case .maskedAttention:
            return try Functions.attention(
                x[0], x[1], x[2], mask: Self.mask(on: device), causal: false, scale: 0.3)
        case .composedAttention:
            return try Functions.composedAttention(
                x[0], x[1], x[2], mask: Self.mask(on: device), scale: 0.3, softcap: 2
            ).mixed
        case .rotary:
            let frequencies = try Functions.rotaryFrequencies(rotary: 6, theta: 1e4, device: .cpu)
            let angles = try Functions.rotaryAngles(
                positions: places([3, 4, 5, 6, 7]).reshaped([1, 5]),
                frequencies: frequencies.to(device: device))
            return try Functions.rotary(x[0], cos: angles.cos, sin: angles.sin)
        case .softmax: return try x[0].softmax() * 3 + 1
        case .selection: return try x[0].selecting(places([1, 1, 3])).transposed(0, 1)
        case .joining: return try Tensor.concatenating([x[0], x[1]], along: 1)
        case .crossEntropy:
            return try Functions.crossEntropySum(
                x[0], targets: places([0, 6, 2, -100, 3]), zLoss: 1e-3)
        case .linearCrossEntropy:
            return try Functions.linearCrossEntropySum(
                x[0], weight: x[1], bias: x[2], targets: places([0, 8, 2, 1, 3]), zLoss: 1e-3)
        }
    }

    /// Each query sees the keys up to the second after it.
    private static func mask(on device: Device) throws -> Tensor {
        let values = (0..<5).flatMap { query in (0..<5).map { $0 <= query + 2 } }
        return try Tensor(values, shape: [1, 1, 5, 5]).to(device: device)
    }
}
