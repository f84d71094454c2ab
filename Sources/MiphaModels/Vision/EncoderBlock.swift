import MiphaCheckpoints
import MiphaNN
import MiphaTorch

/// Sizes of a block of a vision transformer.
struct EncoderShape {
    let hiddenSize, intermediateSize, headCount: Int
    let activation: Activation
    let layerNormEpsilon: Double
}

extension ConfigReader {
    /// Checks what a vision transformer's config says, in the names that SigLIP and CLIP share.
    func requireEncoder(
        _ shape: EncoderShape, layers: Int, input: ImageShape, patch: Int
    ) throws(CheckpointError) {
        let positive = [
            ("hidden_size", shape.hiddenSize), ("intermediate_size", shape.intermediateSize),
            ("num_hidden_layers", layers), ("num_attention_heads", shape.headCount),
            ("num_channels", input.channels), ("image_size", input.width), ("patch_size", patch),
        ]
        for (key, value) in positive where !(1...1 << 20).contains(value) {
            throw failure(key, expected: "a number from 1 to \(1 << 20)")
        }
        guard layers <= 1024 else {
            throw failure("num_hidden_layers", expected: "at most 1024")
        }
        guard shape.hiddenSize % shape.headCount == 0 else {
            throw failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(shape.hiddenSize)")
        }
        guard shape.layerNormEpsilon > 0 else {
            throw failure("layer_norm_eps", expected: "a positive number")
        }
        guard patch <= input.width else {
            throw failure("patch_size", expected: "at most image_size \(input.width)")
        }
    }
}

/// Bidirectional self-attention over the tokens of an image.
struct EncoderAttention {
    let qProj, kProj, vProj, outProj: Linear
    let headCount: Int

    init(_ scope: ParameterScope, _ shape: EncoderShape) throws {
        let width = shape.hiddenSize
        qProj = try Linear(scope["q_proj"], from: width, to: width)
        kProj = try Linear(scope["k_proj"], from: width, to: width)
        vProj = try Linear(scope["v_proj"], from: width, to: width)
        outProj = try Linear(scope["out_proj"], from: width, to: width, endsResidual: true)
        headCount = shape.headCount
    }

    func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        let (images, tokens, width) = (x.size(0), x.size(1), x.size(2))
        let headed = [images, tokens, headCount, width / headCount]
        // [images, heads, tokens, width] each
        let q = try qProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let k = try kProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let v = try vProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let scale = 1 / Double(width / headCount).squareRoot()
        let mixed = try Functions.attention(q, k, v, mask: nil, causal: false, scale: scale)
        return try outProj(
            mixed.transposed(1, 2).reshaped([images, tokens, width]), dropout: dropout)
    }
}

/// One pre-norm block of a vision transformer, in the names of SigLIP and CLIP.
struct EncoderBlock {
    let norm1, norm2: LayerNorm
    let attention: EncoderAttention
    let mlp: FeedForward

    init(_ scope: ParameterScope, _ shape: EncoderShape) throws {
        let (width, epsilon) = (shape.hiddenSize, shape.layerNormEpsilon)
        norm1 = try LayerNorm(scope["layer_norm1"], width: width, epsilon: epsilon)
        attention = try EncoderAttention(scope["self_attn"], shape)
        norm2 = try LayerNorm(scope["layer_norm2"], width: width, epsilon: epsilon)
        mlp = try FeedForward(
            scope["mlp"], width: width, inner: shape.intermediateSize,
            activation: shape.activation.function)
    }

    func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        let attended = try x + attention(norm1(x), dropout: dropout)
        return try attended + mlp(norm2(attended), dropout: dropout)
    }
}

/// The blocks of a vision transformer, up to the selected hidden state.
///
/// The reference computes all blocks and then picks a hidden state; blocks after it are loaded and
/// saved here but not run, which changes no output.
struct EncoderBlocks {
    let all: [EncoderBlock]
    let usedCount: Int
    let part: ModelPart
    private let places: [ParameterPlace]

    /// Registers the blocks under `encoder.layers`.
    init(_ scope: ParameterScope, count: Int, used: Int, _ shape: EncoderShape) throws {
        part = scope.part
        usedCount = used
        let scopes = (0..<count).map { scope["encoder"]["layers"].block($0) }
        places = scopes.map(\.place)
        all = try scopes.enumerated().map { index, block in
            try EncoderBlock(index < used ? block : block.unused, shape)
        }
    }

    /// A segment for each block that is run.
    ///
    /// - Parameter finish: what becomes of the last state.
    func segments(
        dropout: RandomGenerator?,
        finish: @escaping (Tensor) throws(TensorError) -> Tensor = { (x) throws(TensorError) in x }
    ) -> [Segment] {
        all.prefix(usedCount).enumerated().map { index, block in
            let isLast = index == usedCount - 1
            return Segment("vision.\(index + 1)", reads: [places[index]]) {
                (x) throws(TensorError) in
                let state = try block(x, dropout: dropout)
                return isLast ? try finish(state) : state
            }
        }
    }
}
