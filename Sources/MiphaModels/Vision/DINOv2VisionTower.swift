import MiphaFiles
import MiphaNN
import MiphaTorch

/// Names of DINOv2's modules and fields.
enum DINOv2Names {
    /// Side of the images, where the table of positions is for others.
    static let imageSize = "mm_vision_image_size"
    /// What places are divided by when the table is interpolated.
    static let positionScale = "mm_vision_position_scale"

    static let encoder = EncoderNames(
        blocks: "layer", norms: ["norm1", "norm2"],
        attention: ["query", "key", "value"].map { ["attention", "attention", $0] }
            + [["attention", "output", "dense"]],
        scales: ["layer_scale1", "layer_scale2"])

    private static let block = "encoder.layer.{}"

    static let modules =
        ["embeddings", "layernorm"]
        + (encoder.norms + encoder.scales + ["mlp"]).map { "\(block).\($0)" }
        + encoder.attention.map { "\(block).\($0.joined(separator: "."))" }

    /// The names that modules have in transformers from 5.24 on, which still saves the old ones.
    static let renamed = Dictionary(
        uniqueKeysWithValues: zip(encoder.attention, ["q_proj", "k_proj", "v_proj", "o_proj"]).map {
            ("\(block).\($0.joined(separator: "."))", "\(block).attention.\($1)")
        })

    static func fields(hasRegisters: Bool) -> FileFields {
        FileFields(
            "vision_config",
            [
                .init(
                    "model_type hidden_size mlp_ratio num_hidden_layers num_attention_heads "
                        + "num_channels image_size patch_size hidden_act layer_norm_eps qkv_bias "
                        + (hasRegisters ? "num_register_tokens" : "use_mask_token"),
                    .used),
                .init("use_swiglu_ffn", .used, "must be false"),
                .init(
                    imageSize, .used,
                    "not of transformers: side of the images; absent: image_size, which the table "
                        + "of positions is for"),
                .init(
                    positionScale, .used,
                    "not of transformers: size, or scale_factor as in transformers before 4.45"),
                .init(
                    "hidden_dropout_prob attention_probs_dropout_prob drop_path_rate",
                    .onlyInTraining([0]), "the tower drops nothing"),
                .init("layerscale_value", .harmless, "a value before training"),
                .init(
                    "apply_layernorm reshape_hidden_states out_features out_indices stage_names "
                        + "_out_features _out_indices",
                    .harmless, "of backbones for other tasks"),
            ])
    }
}

/// The image encoder of DINOv2, up to the selected hidden state, without the final norm.
struct DINOv2VisionTower<Variant: DINOv2Variant>: VisionTower {
    let config: DINOv2Configuration<Variant>
    let classToken, positions: Tensor
    let registers: Tensor?
    let patches: PatchEmbedding
    let blocks: EncoderBlocks

    /// Registers all parameters under `scope`, whose parts carry the names that transformers saves.
    init(_ scope: ParameterScope, _ config: DINOv2Configuration<Variant>) throws {
        self.config = config
        let (width, drawn) = (config.hiddenSize, Initializer.normal(deviation: 0.02))
        let embeddings = scope["embeddings"]
        classToken = try embeddings.parameter(
            "cls_token", .embedding, shape: [1, 1, width], initializer: drawn)
        if config.hasMaskToken {
            _ = try embeddings.unused.parameter(
                "mask_token", .embedding, shape: [1, width], initializer: .zeros)
        }
        registers =
            config.registerCount == 0
            ? nil
            : try embeddings.parameter(
                "register_tokens", .embedding, shape: [1, config.registerCount, width],
                initializer: .zeros)
        patches = try PatchEmbedding(
            embeddings["patch_embeddings"]["projection"], channels: config.channelCount,
            patch: config.patchSize, width: width)
        positions = try embeddings.parameter(
            "position_embeddings", .embedding, shape: config.positions.shape, initializer: drawn)
        blocks = try EncoderBlocks(
            scope, count: config.layerCount, used: config.usedLayerCount, config.shape)
        _ = try LayerNorm(
            scope.output.unused["layernorm"], width: width, epsilon: config.layerNormEpsilon)
    }

    var inputs: [ImageShape] { config.inputs }
    var grid: FeatureGrid { config.grid }
    var tokenCount: Int { 1 + config.registerCount + config.grid.rows * config.grid.columns }

    func segments(dropout: RandomGenerator?) -> [Segment] {
        let (table, side) = (config.positions, config.grid.rows)
        let embed = Segment("vision.0", reads: [ParameterPlace(blocks.part)]) {
            [classToken, positions, registers, patches] (pixels) throws(TensorError) in
            let images = try patches(pixels.to(dtype: positions.dtype))
            let own = try table.interpolation(positions, leading: table.leading, side: side)
            let token = try classToken.repeated(images.size(0))
            let placed = try Tensor.concatenating([token, images], along: 1) + own
            guard let registers else { return placed }
            return try .concatenating(
                [
                    placed.narrowed(1, from: 0, length: 1), registers.repeated(images.size(0)),
                    placed.narrowed(1, from: 1, length: images.size(1)),
                ], along: 1)
        }
        let cut = tokenCount - config.grid.count
        return [embed]
            + blocks.segments(dropout: dropout) { (state) throws(TensorError) in
                cut == 0 ? state : try state.narrowed(1, from: cut, length: state.size(1) - cut)
            }
    }
}

extension Tensor {
    /// Tokens `[1, n, width]` for each of several images.
    fileprivate func repeated(_ images: Int) throws(TensorError) -> Tensor {
        try self + .zeros([images, 1, size(2)], dtype: dtype, device: device)
    }
}
