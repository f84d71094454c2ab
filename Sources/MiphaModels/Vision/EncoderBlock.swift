import MiphaCheckpoints
import MiphaNN
import MiphaTorch

/// Sizes of a block of a vision transformer.
struct EncoderShape {
    let hiddenSize, intermediateSize, headCount: Int
    let activation: Activation
    let layerNormEpsilon: Double
    /// Whether queries, keys and values have biases.
    var projectionsHaveBias = true
    var names = EncoderNames()
}

/// Names of the modules of a vision transformer's blocks; those of SigLIP and CLIP where none are given.
struct EncoderNames {
    var blocks = "layers"
    var norms = ["layer_norm1", "layer_norm2"]
    /// Paths of queries, keys, values and the map after them.
    var attention = ["q_proj", "k_proj", "v_proj", "out_proj"].map { ["self_attn", $0] }
    /// Of factors that multiply what attention and the feed-forward layers add; empty: there are none.
    var scales: [String] = []
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

    /// Registers the four maps in a block's scope.
    init(_ block: ParameterScope, _ shape: EncoderShape) throws {
        let (width, hasBias) = (shape.hiddenSize, shape.projectionsHaveBias)
        let scopes = shape.names.attention.map { path in path.reduce(block) { $0[$1] } }
        qProj = try Linear(scopes[0], from: width, to: width, bias: hasBias)
        kProj = try Linear(scopes[1], from: width, to: width, bias: hasBias)
        vProj = try Linear(scopes[2], from: width, to: width, bias: hasBias)
        outProj = try Linear(scopes[3], from: width, to: width, endsResidual: true)
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

/// One pre-norm block of a vision transformer.
struct EncoderBlock {
    let norm1, norm2: LayerNorm
    let attention: EncoderAttention
    let mlp: FeedForward
    /// Factors of what attention and the feed-forward layers add, `[width]` each; `nil`: there are none.
    let scales: (attention: Tensor, mlp: Tensor)?

    init(_ scope: ParameterScope, _ shape: EncoderShape) throws {
        let (width, epsilon) = (shape.hiddenSize, shape.layerNormEpsilon)
        let names = shape.names
        func scale(_ index: Int) throws -> Tensor? {
            guard !names.scales.isEmpty else { return nil }
            return try scope[names.scales[index]].parameter(
                "lambda1", .scale, shape: [width], initializer: .ones)
        }
        norm1 = try LayerNorm(scope[names.norms[0]], width: width, epsilon: epsilon)
        attention = try EncoderAttention(scope, shape)
        let first = try scale(0)
        norm2 = try LayerNorm(scope[names.norms[1]], width: width, epsilon: epsilon)
        mlp = try FeedForward(
            scope["mlp"], width: width, inner: shape.intermediateSize,
            activation: shape.activation.function)
        let second = try scale(1)
        scales = first.flatMap { first in second.map { (first, $0) } }
    }

    func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        var added = try attention(norm1(x), dropout: dropout)
        if let scales { added = try added * scales.attention }
        let attended = try x + added
        added = try mlp(norm2(attended), dropout: dropout)
        if let scales { added = try added * scales.mlp }
        return try attended + added
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

    /// Registers the blocks under `encoder`.
    init(_ scope: ParameterScope, count: Int, used: Int, _ shape: EncoderShape) throws {
        part = scope.part
        usedCount = used
        let scopes = (0..<count).map { scope["encoder"][shape.names.blocks].block($0) }
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
