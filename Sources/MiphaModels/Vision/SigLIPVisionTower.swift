public import MiphaNN
public import MiphaTorch

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
public struct SigLIPVisionTower: VisionTower {
    let config: SigLIPConfig
    let patches: PatchEmbedding
    let positions: Embedding
    let blocks: EncoderBlocks

    /// Registers all parameters under `scope`, whose parts carry transformers' names.
    public init(_ scope: ParameterScope, _ config: SigLIPConfig) throws {
        self.config = config
        let embeddings = scope["embeddings"]
        patches = try PatchEmbedding(
            embeddings["patch_embedding"], channels: config.channelCount, patch: config.patchSize,
            width: config.hiddenSize)
        positions = try Embedding(
            embeddings["position_embedding"], rows: config.grid.count, width: config.hiddenSize)
        blocks = try EncoderBlocks(
            scope, count: config.layerCount, used: config.usedLayerCount, config.shape)
        let rest = scope.output.unused
        _ = try LayerNorm(
            rest["post_layernorm"], width: config.hiddenSize, epsilon: config.layerNormEpsilon)
        if config.hasPoolingHead {
            _ = try SigLIPPoolingHead(rest["head"], config)
        }
    }

    /// Sizes of the only block of pixels.
    public var inputs: [ImageShape] { config.inputs }
    /// The features of one image.
    public var grid: FeatureGrid { config.grid }
    /// The patches.
    public var tokenCount: Int { config.grid.count }

    /// The embedding and the blocks that influence the selected hidden state.
    public func segments(dropout: RandomGenerator?) -> [Segment] {
        let embed = Segment("vision.0", reads: [ParameterPlace(blocks.part)]) {
            [patches, positions] (pixels) throws(TensorError) in
            try patches(pixels.to(dtype: positions.weight.dtype)) + positions.weight
        }
        return [embed] + blocks.segments(dropout: dropout)
    }
}
