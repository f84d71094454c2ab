public import MiphaNN
public import MiphaTorch

/// Bidirectional self-attention over patches.
struct SigLIPAttention {
    let qProj, kProj, vProj, outProj: Linear
    let headCount: Int

    init(_ scope: ParameterScope, _ config: SigLIPConfig) throws {
        let width = config.hiddenSize
        qProj = try Linear(scope["q_proj"], from: width, to: width)
        kProj = try Linear(scope["k_proj"], from: width, to: width)
        vProj = try Linear(scope["v_proj"], from: width, to: width)
        outProj = try Linear(scope["out_proj"], from: width, to: width, endsResidual: true)
        headCount = config.headCount
    }

    func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        let (images, patches, width) = (x.size(0), x.size(1), x.size(2))
        let headed = [images, patches, headCount, width / headCount]
        // [images, heads, patches, width] each
        let q = try qProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let k = try kProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let v = try vProj(x, dropout: dropout).reshaped(headed).transposed(1, 2)
        let scale = 1 / Double(width / headCount).squareRoot()
        let mixed = try Functions.attention(q, k, v, mask: nil, causal: false, scale: scale)
        return try outProj(
            mixed.transposed(1, 2).reshaped([images, patches, width]), dropout: dropout)
    }
}

/// One pre-norm transformer block of the tower.
struct SigLIPBlock {
    let norm1, norm2: LayerNorm
    let attention: SigLIPAttention
    let mlp: FeedForward

    init(_ scope: ParameterScope, _ config: SigLIPConfig) throws {
        let (width, epsilon) = (config.hiddenSize, config.layerNormEpsilon)
        norm1 = try LayerNorm(scope["layer_norm1"], width: width, epsilon: epsilon)
        attention = try SigLIPAttention(scope["self_attn"], config)
        norm2 = try LayerNorm(scope["layer_norm2"], width: width, epsilon: epsilon)
        mlp = try FeedForward(
            scope["mlp"], width: width, inner: config.intermediateSize,
            activation: config.activation.function)
    }

    func callAsFunction(
        _ x: Tensor, dropout: RandomGenerator?
    ) throws(TensorError) -> Tensor {
        let attended = try x + attention(norm1(x), dropout: dropout)
        return try attended + mlp(norm2(attended), dropout: dropout)
    }
}

/// The attention pooling head, held for checkpoint round trips and never run.
struct SigLIPPoolingHead {
    init(_ scope: ParameterScope, _ config: SigLIPConfig) throws {
        let width = config.hiddenSize
        let drawn = Initializer.normal(deviation: 0.02)
        let attention = scope["attention"]
        _ = try scope.parameter(
            "probe", .embedding, shape: [1, 1, width], initializer: drawn)
        _ = try attention.parameter(
            "in_proj_weight", .kernel, shape: [3 * width, width], initializer: drawn)
        _ = try attention.parameter(
            "in_proj_bias", .bias, shape: [3 * width], initializer: .zeros)
        _ = try Linear(attention["out_proj"], from: width, to: width)
        _ = try LayerNorm(scope["layernorm"], width: width, epsilon: config.layerNormEpsilon)
        _ = try FeedForward(
            scope["mlp"], width: width, inner: config.intermediateSize,
            activation: config.activation.function)
    }
}

/// The SigLIP image encoder, up to the selected hidden state, without the final norm.
///
/// The reference computes all blocks and then picks a hidden state; blocks after it are loaded and
/// saved here but not run, which changes no output.
public struct SigLIPVisionTower: VisionTower {
    let config: SigLIPConfig
    let part: ModelPart
    let patches: PatchEmbedding
    let positions: Embedding
    let blocks: [SigLIPBlock]

    /// Registers all parameters under `scope`, whose parts carry transformers' names.
    public init(_ scope: ParameterScope, _ config: SigLIPConfig) throws {
        self.config = config
        part = scope.part
        let embeddings = scope["embeddings"]
        patches = try PatchEmbedding(
            embeddings["patch_embedding"], channels: config.channelCount, patch: config.patchSize,
            width: config.hiddenSize)
        positions = try Embedding(
            embeddings["position_embedding"], rows: config.patchCount, width: config.hiddenSize)
        blocks = try (0..<config.layerCount).map {
            let block = scope["encoder"]["layers"].block($0)
            let isUsed = $0 < config.usedLayerCount
            return try SigLIPBlock(isUsed ? block : block.unused, config)
        }
        let rest = scope.output.unused
        _ = try LayerNorm(
            rest["post_layernorm"], width: config.hiddenSize, epsilon: config.layerNormEpsilon)
        if config.hasPoolingHead {
            _ = try SigLIPPoolingHead(rest["head"], config)
        }
    }

    /// Side of the square input in pixels.
    public var imageSize: Int { config.imageSize }
    /// Number of feature vectors for one picture.
    public var patchCount: Int { config.patchCount }
    /// Width of a feature vector.
    public var width: Int { config.hiddenSize }

    /// The embedding and the blocks that influence the selected hidden state.
    public func segments(dropout: RandomGenerator?) -> [Segment] {
        let embed = Segment("vision.0", reads: [ParameterPlace(part)]) {
            [patches, positions] (pixels) throws(TensorError) in
            try patches(pixels.to(dtype: positions.weight.dtype)) + positions.weight
        }
        let used = blocks.prefix(config.usedLayerCount).enumerated().map { index, block in
            Segment(
                "vision.\(index + 1)", reads: [ParameterPlace(part, .block(index))]
            ) { (x) throws(TensorError) in try block(x, dropout: dropout) }
        }
        return [embed] + used
    }
}
