public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN

/// Shape of a SigLIP vision tower (transformers `SiglipVisionConfig`).
public struct SigLIPConfig: TowerFamily {
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
    /// Whether the checkpoint holds the attention pooling head, which Mipha never runs.
    public var hasPoolingHead: Bool
    /// Which hidden state is the output: `-2` is the state before the last block.
    public var selectedLayer: Int

    /// Sizes of one image.
    public var input: ImageShape {
        ImageShape(channels: channelCount, height: imageSize, width: imageSize)
    }
    /// The patches of one image; pixels that do not fill a patch are ignored.
    public var grid: FeatureGrid {
        let side = imageSize / patchSize
        return FeatureGrid(rows: side, columns: side, width: hiddenSize)
    }
    /// There is none.
    public static let hasClassToken = false
    /// Width of one attention head.
    public var headWidth: Int { hiddenSize / headCount }
    /// Number of blocks that influence the output.
    public var usedLayerCount: Int {
        selectedLayer < 0 ? layerCount + 1 + selectedLayer : selectedLayer
    }

    /// Creates a config; the values left out are those of `google/siglip-so400m-patch14-384`.
    public init(
        hiddenSize: Int = 1152, intermediateSize: Int = 4304, layerCount: Int = 27,
        headCount: Int = 16, channelCount: Int = 3, imageSize: Int = 384, patchSize: Int = 14,
        activation: Activation = .geluTanh, layerNormEpsilon: Double = 1e-6,
        hasPoolingHead: Bool = true, selectedLayer: Int = -2
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
        self.hasPoolingHead = hasPoolingHead
        self.selectedLayer = selectedLayer
    }

    /// Reads transformers' field names; defaults are those of `SiglipVisionConfig`.
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
            patchSize: try reader.int("patch_size", default: 16),
            activation: try reader.enumValue(
                "hidden_act", default: .geluTanh),
            layerNormEpsilon: try reader.double("layer_norm_eps", default: 1e-6),
            hasPoolingHead: try reader.bool("vision_use_head", default: true))
        try reader.requireEncoder(shape, layers: layerCount, input: input, patch: patchSize)
        selectedLayer = try selection.selectedLayer(of: layerCount)
    }

    /// The family's names.
    public static let family = PartFamily(
        id: "siglip", title: "SigLIP", modelType: "siglip_vision_model",
        officialRoot: "vision_model", root: "vision_model",
        modules: ["embeddings", "encoder.layers.{}", "post_layernorm", "head"],
        wholeType: "siglip", dropped: ["embeddings.position_ids"])

    /// What the reader does with the fields of `SiglipVisionConfig`.
    public static let fields = FileFields(
        "vision_config",
        [
            .init(
                "model_type hidden_size intermediate_size num_hidden_layers "
                    + "num_attention_heads num_channels image_size patch_size hidden_act "
                    + "layer_norm_eps vision_use_head",
                .used),
            .init("attention_dropout", .onlyInTraining([0]), "the tower drops nothing"),
            .init("projection_dim", .harmless, "of the text tower"),
        ])

    /// Sizes of a block.
    var shape: EncoderShape {
        EncoderShape(
            hiddenSize: hiddenSize, intermediateSize: intermediateSize, headCount: headCount,
            activation: activation, layerNormEpsilon: layerNormEpsilon)
    }

    /// The same tower with this many blocks, without the pooling head.
    public func shrunk(blocks: Int) -> SigLIPConfig {
        precondition(blocks > 1, "the last block is not run")
        var small = self
        (small.layerCount, small.selectedLayer, small.hasPoolingHead) = (blocks, -2, false)
        return small
    }

    /// The same tower at another image size.
    public func resized(to side: Int) throws(CheckpointError) -> SigLIPConfig {
        try requirePlace(side)
        var other = self
        other.imageSize = side
        return other
    }

    /// The table of positions, one for each patch.
    public var positions: PositionTable {
        PositionTable(
            name: "embeddings.position_embedding.weight", side: imageSize / patchSize,
            width: hiddenSize)
    }

    /// Builds the tower.
    public func tower(_ scope: ParameterScope) throws -> any VisionTower {
        try SigLIPVisionTower(scope, self)
    }

    /// The fields in transformers' names.
    public var json: JSONObject {
        [
            "hidden_size": .integer(hiddenSize), "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_channels": .integer(channelCount), "image_size": .integer(imageSize),
            "patch_size": .integer(patchSize), "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .double(layerNormEpsilon), "attention_dropout": .double(0),
            "vision_use_head": .bool(hasPoolingHead),
        ]
    }
}
