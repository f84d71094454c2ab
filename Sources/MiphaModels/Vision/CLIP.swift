public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN
import MiphaTorch

/// Shape of a CLIP vision transformer (transformers `CLIPVisionConfig`).
public struct CLIPConfig: TowerFamily {
    /// Width of the hidden state.
    public var hiddenSize: Int
    /// Width inside the feed-forward layers.
    public var intermediateSize: Int
    /// Number of blocks stored, of which the last ones may go unused.
    public var layerCount: Int
    /// Number of attention heads.
    public var headCount: Int
    /// Number of colour channels.
    public var channelCount: Int
    /// Side of the square input in pixels.
    public var imageSize: Int
    /// Side of a patch in pixels.
    public var patchSize: Int
    /// Non-linearity of the feed-forward layers.
    public var activation: Activation
    /// Epsilon of the layer norms.
    public var layerNormEpsilon: Double
    /// Which hidden state is the output: `-2` is the state before the last block.
    public var selectedLayer: Int
    /// Whether the class token is one of the features.
    public var keepsClassToken: Bool

    /// Creates a config; the values left out are those of `openai/clip-vit-large-patch14-336`.
    public init(
        hiddenSize: Int = 1024, intermediateSize: Int = 4096, layerCount: Int = 24,
        headCount: Int = 16, channelCount: Int = 3, imageSize: Int = 336, patchSize: Int = 14,
        activation: Activation = .geluQuick, layerNormEpsilon: Double = 1e-5,
        selectedLayer: Int = -2, keepsClassToken: Bool = false
    ) {
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.channelCount = channelCount
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.activation = activation
        self.layerNormEpsilon = layerNormEpsilon
        self.selectedLayer = selectedLayer
        self.keepsClassToken = keepsClassToken
    }

    /// Reads transformers' field names; defaults are those of `CLIPVisionConfig`.
    public init(
        _ reader: ConfigReader, selection: FeatureSelection
    ) throws(CheckpointError) {
        self.init(
            hiddenSize: try reader.int("hidden_size", default: 768),
            intermediateSize: try reader.int("intermediate_size", default: 3072),
            layerCount: try reader.int("num_hidden_layers", default: 12),
            headCount: try reader.int("num_attention_heads", default: 12),
            channelCount: try reader.int("num_channels", default: 3),
            imageSize: try reader.int("image_size", default: 224),
            patchSize: try reader.int("patch_size", default: 32),
            activation: try reader.enumValue("hidden_act", default: .geluQuick),
            layerNormEpsilon: try reader.double("layer_norm_eps", default: 1e-5),
            keepsClassToken: selection.keepsClassToken)
        try reader.requireEncoder(shape, layers: layerCount, input: input, patch: patchSize)
        selectedLayer = try selection.selectedLayer(of: layerCount)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "clip", title: "CLIP", modelType: "clip_vision_model",
        officialRoot: "vision_model", root: "vision_model",
        modules: ["embeddings", "pre_layrnorm", "encoder.layers.{}", "post_layernorm"],
        wholeType: "clip", dropped: ["embeddings.position_ids"])

    /// What the reader does with the fields of `CLIPVisionConfig`.
    public static let fields = FileFields(
        "vision_config",
        [
            .init(
                "model_type hidden_size intermediate_size num_hidden_layers "
                    + "num_attention_heads num_channels image_size patch_size hidden_act "
                    + "layer_norm_eps",
                .used),
            .init("attention_dropout dropout", .onlyInTraining([0]), "the tower drops nothing"),
            .init("projection_dim", .harmless, "of the projection to the text tower"),
        ])

    /// Sizes of one image.
    public var input: ImageShape {
        ImageShape(channels: channelCount, height: imageSize, width: imageSize)
    }
    /// The class token, where it is kept, and the patches; pixels that do not fill one are ignored.
    public var grid: FeatureGrid {
        let side = imageSize / patchSize
        return FeatureGrid(
            rows: side, columns: side, leading: keepsClassToken ? 1 : 0, width: hiddenSize)
    }
    /// There is one.
    public static let hasClassToken = true
    /// Number of blocks that influence the output.
    public var usedLayerCount: Int {
        selectedLayer < 0 ? layerCount + 1 + selectedLayer : selectedLayer
    }

    /// Sizes of a block.
    var shape: EncoderShape {
        EncoderShape(
            hiddenSize: hiddenSize, intermediateSize: intermediateSize, headCount: headCount,
            activation: activation, layerNormEpsilon: layerNormEpsilon)
    }

    /// The same tower with this many blocks.
    public func shrunk(blocks: Int) -> CLIPConfig {
        precondition(blocks > 1, "the last block is not run")
        var small = self
        (small.layerCount, small.selectedLayer) = (blocks, -2)
        return small
    }

    /// The same tower at another image size.
    public func resized(to side: Int) throws(CheckpointError) -> CLIPConfig {
        try requirePlace(side)
        var other = self
        other.imageSize = side
        return other
    }

    /// The table of positions, the class token's first.
    public var positions: PositionTable {
        PositionTable(
            name: "embeddings.position_embedding.weight", leading: 1, side: imageSize / patchSize,
            width: hiddenSize)
    }

    /// Builds the tower.
    public func tower(_ scope: ParameterScope) throws -> any VisionTower {
        try CLIPVisionTower(scope, self)
    }

    /// The fields in transformers' names.
    public var json: JSONObject {
        [
            "hidden_size": .integer(hiddenSize), "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_channels": .integer(channelCount), "image_size": .integer(imageSize),
            "patch_size": .integer(patchSize), "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .double(layerNormEpsilon), "attention_dropout": .double(0),
        ]
    }
}

/// The image encoder of CLIP, up to the selected hidden state, without the final norm.
struct CLIPVisionTower: VisionTower {
    let config: CLIPConfig
    let classToken: Tensor
    let patches: PatchEmbedding
    let positions: Embedding
    let norm: LayerNorm
    let blocks: EncoderBlocks

    /// Registers all parameters under `scope`, whose parts carry transformers' names.
    init(_ scope: ParameterScope, _ config: CLIPConfig) throws {
        self.config = config
        let (width, epsilon) = (config.hiddenSize, config.layerNormEpsilon)
        let embeddings = scope["embeddings"]
        classToken = try embeddings.parameter(
            "class_embedding", .embedding, shape: [width],
            initializer: .normal(deviation: 0.02))
        patches = try PatchEmbedding(
            embeddings["patch_embedding"], channels: config.channelCount, patch: config.patchSize,
            width: width, bias: false)
        positions = try Embedding(
            embeddings["position_embedding"], rows: 1 + config.grid.rows * config.grid.columns,
            width: width)
        norm = try LayerNorm(scope["pre_layrnorm"], width: width, epsilon: epsilon)
        blocks = try EncoderBlocks(
            scope, count: config.layerCount, used: config.usedLayerCount, config.shape)
        _ = try LayerNorm(
            scope.output.unused["post_layernorm"], width: width, epsilon: epsilon)
    }

    var inputs: [ImageShape] { config.inputs }
    var grid: FeatureGrid { config.grid }
    var tokenCount: Int { 1 + config.grid.rows * config.grid.columns }

    func segments(dropout: RandomGenerator?) -> [Segment] {
        let embed = Segment("vision.0", reads: [ParameterPlace(blocks.part)]) {
            [classToken, patches, positions, norm] (pixels) throws(TensorError) in
            let table = positions.weight
            let images = try patches(pixels.to(dtype: table.dtype))
            let token =
                try classToken
                + .zeros(
                    [images.size(0), 1, table.size(1)], dtype: table.dtype, device: table.device)
            return try norm(Tensor.concatenating([token, images], along: 1) + table)
        }
        return [embed]
            + blocks.segments(dropout: dropout) { [config] (state) throws(TensorError) in
                config.keepsClassToken
                    ? state : try state.narrowed(1, from: 1, length: state.size(1) - 1)
            }
    }
}
