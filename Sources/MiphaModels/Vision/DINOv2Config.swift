public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN

/// What distinguishes the families of DINOv2: their names, and the registers.
public protocol DINOv2Variant: Sendable {
    /// The family's names.
    static var family: PartFamily { get }
    /// Number of register tokens where the config does not say; `nil`: the family has none.
    static var registerCount: Int? { get }
    /// Side of a patch in pixels where the config does not say.
    static var patchSize: Int { get }
}

/// DINOv2 (transformers `Dinov2Config`).
public typealias DINOv2Config = DINOv2Configuration<DINOv2Plain>
/// DINOv2 with register tokens (transformers `Dinov2WithRegistersConfig`).
public typealias DINOv2WithRegistersConfig = DINOv2Configuration<DINOv2Registers>

/// Without registers.
public enum DINOv2Plain: DINOv2Variant {
    /// The family's names.
    public static let family = PartFamily(
        id: "dinov2", title: "DINOv2", modelType: "dinov2", officialRoot: "dinov2",
        modules: DINOv2Names.modules, renamed: DINOv2Names.renamed)
    /// There are none.
    public static let registerCount: Int? = nil
    /// That of `Dinov2Config`.
    public static let patchSize = 14
}

/// With registers.
public enum DINOv2Registers: DINOv2Variant {
    /// The family's names.
    public static let family = PartFamily(
        id: "dinov2_with_registers", title: "DINOv2 with registers",
        modelType: "dinov2_with_registers", officialRoot: "dinov2", modules: DINOv2Names.modules,
        renamed: DINOv2Names.renamed, names: ["dinov2_with_registers", "dinov2-with-registers"])
    /// That of `Dinov2WithRegistersConfig`.
    public static let registerCount: Int? = 4
    /// That of `Dinov2WithRegistersConfig`; published files say 14.
    public static let patchSize = 16
}

/// Shape of a DINOv2 vision transformer.
///
/// `image_size` is the size that the table of positions is for. Images may be of another, which is
/// `mm_vision_image_size` here: each forward pass then interpolates the table, and training learns the
/// stored one. transformers does the same with whatever images it gets, and has no key for their size.
public struct DINOv2Configuration<Variant: DINOv2Variant>: TowerFamily {
    /// Width of the hidden state.
    public var hiddenSize = 768
    /// Width inside the feed-forward layers, in widths of the hidden state.
    public var feedForwardRatio = 4.0
    /// Number of blocks stored, of which the last ones may go unused.
    public var layerCount = 12
    /// Number of attention heads.
    public var headCount = 12
    /// Number of colour channels.
    public var channelCount = 3
    /// Side in pixels of the square images that the table of positions is for.
    public var tableImageSize = 224
    /// Side of the square input in pixels.
    public var imageSize = 224
    /// Side of a patch in pixels.
    public var patchSize = Variant.patchSize
    /// Non-linearity of the feed-forward layers.
    public var activation = Activation.gelu
    /// Epsilon of the layer norms.
    public var layerNormEpsilon = 1e-6
    /// Whether queries, keys and values have biases.
    public var projectionsHaveBias = true
    /// Whether the checkpoint holds the mask token of pretraining, which is never run.
    public var hasMaskToken = true
    /// Number of register tokens.
    public var registerCount = Variant.registerCount ?? 0
    /// What places are divided by when positions are interpolated.
    public var positionScale = PositionInterpolation.Scale.size
    /// Which hidden state is the output: `-2` is the state before the last block.
    public var selectedLayer = -2
    /// Which tokens are the output.
    public var selectedTokens = FeatureTokens.patch

    /// Creates a config with the values of transformers' class.
    public init() {}

    /// Reads transformers' field names; defaults are those of the class.
    public init(
        _ reader: ConfigReader, selection: FeatureSelection
    ) throws(CheckpointError) {
        hiddenSize = try reader.int("hidden_size", default: hiddenSize)
        feedForwardRatio = try reader.double("mlp_ratio", default: feedForwardRatio)
        layerCount = try reader.int("num_hidden_layers", default: layerCount)
        headCount = try reader.int("num_attention_heads", default: headCount)
        channelCount = try reader.int("num_channels", default: channelCount)
        tableImageSize = try reader.int("image_size", default: tableImageSize)
        imageSize = try reader.int(DINOv2Names.imageSize, default: tableImageSize)
        patchSize = try reader.int("patch_size", default: patchSize)
        activation = try reader.enumValue("hidden_act", default: activation)
        layerNormEpsilon = try reader.double("layer_norm_eps", default: layerNormEpsilon)
        projectionsHaveBias = try reader.bool("qkv_bias", default: true)
        if Variant.registerCount == nil {
            hasMaskToken = try reader.bool("use_mask_token", default: true)
        } else {
            registerCount = try reader.int("num_register_tokens", default: registerCount)
        }
        positionScale = try reader.enumValue(DINOv2Names.positionScale, default: .size)
        selectedTokens =
            selection.tokens == .patchOnly && registerCount == 0 ? .patch : selection.tokens
        try check(reader)
        selectedLayer = try selection.selectedLayer(of: layerCount)
    }

    private func check(_ reader: ConfigReader) throws(CheckpointError) {
        guard try !reader.bool("use_swiglu_ffn", default: false) else {
            throw reader.failure(
                "use_swiglu_ffn",
                expected: "false: the gated feed-forward layers of dinov2-giant are not built")
        }
        guard (0.001...1024).contains(feedForwardRatio) else {
            throw reader.failure("mlp_ratio", expected: "a number up to 1024")
        }
        guard (0...1024).contains(registerCount) else {
            throw reader.failure("num_register_tokens", expected: "a number up to 1024")
        }
        let table = ImageShape(
            channels: channelCount, height: tableImageSize, width: tableImageSize)
        guard (1...1 << 20).contains(hiddenSize) else {
            throw reader.failure("hidden_size", expected: "a number from 1 to \(1 << 20)")
        }
        try reader.requireEncoder(shape, layers: layerCount, input: table, patch: patchSize)
        guard (patchSize...ImageShape.largestSide).contains(imageSize) else {
            throw reader.failure(
                DINOv2Names.imageSize,
                expected: "\(patchSize), the patch_size, to \(ImageShape.largestSide) pixels")
        }
    }

    /// The family's names.
    public static var family: PartFamily { Variant.family }
    /// There is one.
    public static var hasClassToken: Bool { true }
    /// What the reader does with the fields of the class.
    public static var fields: FileFields {
        DINOv2Names.fields(hasRegisters: Variant.registerCount != nil)
    }

    /// Sizes of one image.
    public var input: ImageShape {
        ImageShape(channels: channelCount, height: imageSize, width: imageSize)
    }
    /// The patches, after what is kept of class token and registers; pixels that do not fill a patch are
    /// ignored.
    public var grid: FeatureGrid {
        let side = imageSize / patchSize
        let leading =
            switch selectedTokens {
            case .all: 1 + registerCount
            case .patch: registerCount
            case .patchOnly: 0
            }
        return FeatureGrid(rows: side, columns: side, leading: leading, width: hiddenSize)
    }
    /// The table of positions, the class token's first; registers have none.
    public var positions: PositionTable {
        PositionTable(
            name: "embeddings.position_embeddings", leading: 1, side: tableImageSize / patchSize,
            width: hiddenSize, isBatched: true, interpolatesAlways: true,
            interpolation: PositionInterpolation(
                antialiases: Variant.registerCount != nil, isInFloat32: true, scale: positionScale))
    }
    /// Number of blocks that influence the output.
    public var usedLayerCount: Int {
        selectedLayer < 0 ? layerCount + 1 + selectedLayer : selectedLayer
    }

    /// Sizes of a block.
    var shape: EncoderShape {
        EncoderShape(
            hiddenSize: hiddenSize, intermediateSize: Int(Double(hiddenSize) * feedForwardRatio),
            headCount: headCount, activation: activation, layerNormEpsilon: layerNormEpsilon,
            projectionsHaveBias: projectionsHaveBias, names: DINOv2Names.encoder)
    }

    /// The same tower with this many blocks.
    public func shrunk(blocks: Int) -> Self {
        precondition(blocks > 1, "the last block is not run")
        var small = self
        (small.layerCount, small.selectedLayer) = (blocks, -2)
        return small
    }

    /// The same tower for images of another size, with a table of positions of that size.
    public func resized(to side: Int) throws(CheckpointError) -> Self {
        try requirePlace(side)
        var other = self
        (other.tableImageSize, other.imageSize) = (side, side)
        return other
    }

    /// Builds the tower.
    public func tower(_ scope: ParameterScope) throws -> any VisionTower {
        try DINOv2VisionTower(scope, self)
    }

    /// The fields in transformers' names.
    public var json: JSONObject {
        let ratio = Int(exactly: feedForwardRatio).map { JSONValue.integer($0) }
        let own: JSONObject =
            Variant.registerCount == nil
            ? ["use_mask_token": .bool(hasMaskToken)]
            : ["num_register_tokens": .integer(registerCount)]
        let shared: JSONObject = [
            "hidden_size": .integer(hiddenSize), "mlp_ratio": ratio ?? .double(feedForwardRatio),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_channels": .integer(channelCount), "image_size": .integer(tableImageSize),
            "patch_size": .integer(patchSize), "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .double(layerNormEpsilon), "qkv_bias": .bool(projectionsHaveBias),
            "use_swiglu_ffn": false, DINOv2Names.imageSize: .integer(imageSize),
            DINOv2Names.positionScale: .string(positionScale.rawValue),
        ]
        return shared.merging(own)
    }
}
