public import MiphaCheckpoints

/// How a model folder names its config fields and tensors.
public enum CheckpointLayout: String, Sendable, CaseIterable {
    /// The official Mipha layout: `model_type` `mipha_phi`, tower and projector under `model.`.
    case mipha
    /// `LlavaForConditionalGeneration` of transformers with `siglip_vision_model` and `phi`.
    case llava = "hf-llava"

    /// The dialects a folder of this layout may be written in, most usual first.
    ///
    /// Canonical names are those of the official Mipha checkpoints.
    public func dialects() throws(CheckpointError) -> [KeyMap] {
        switch self {
        case .mipha: [try Self.official()]
        case .llava:
            [
                try Self.llava(
                    "transformers 4", language: "language_model.model",
                    tower: "vision_tower.vision_model", projector: "multi_modal_projector",
                    head: "language_model.lm_head"),
                try Self.llava(
                    "transformers 5", language: "language_model.model", tower: "vision_tower",
                    projector: "multi_modal_projector", head: "language_model.lm_head"),
                try Self.llava(
                    "transformers 5 modules", language: "model.language_model",
                    tower: "model.vision_tower", projector: "model.multi_modal_projector",
                    head: "lm_head"),
            ]
        }
    }

    /// The dialect whose rules know most of a checkpoint's names.
    public func dialect(of checkpoint: Checkpoint) throws(CheckpointError) -> KeyMap {
        let names = checkpoint.names
        let candidates = try dialects()
        let known = candidates.map { map in
            names.count { map.canonical($0) != .unknown }
        }
        let best = known.indices.max { known[$0] < known[$1] } ?? 0
        return candidates[best]
    }

    private static func official() throws(CheckpointError) -> KeyMap {
        try KeyMap(
            dialect: "official Mipha",
            rules: [
                .keep("model.{*}"), .keep("lm_head.{*}"),
                .drop("model.layers.{}.self_attn.rotary_emb.{*}"),
                .drop("model.vision_tower.vision_model.embeddings.position_ids"),
            ])
    }

    private static func llava(
        _ name: String, language: String, tower: String, projector: String, head: String
    ) throws(CheckpointError) -> KeyMap {
        let canonicalTower = "model.vision_tower.vision_model"
        return try KeyMap(
            dialect: "LLaVA of \(name)",
            rules: [
                .rename("\(language).embed_tokens.{*}", to: "model.embed_tokens.{*}"),
                .rename("\(language).layers.{}.{*}", to: "model.layers.{}.{*}"),
                .rename("\(language).final_layernorm.{*}", to: "model.final_layernorm.{*}"),
                .rename("\(head).{*}", to: "lm_head.{*}"),
                .rename("\(tower).embeddings.{*}", to: "\(canonicalTower).embeddings.{*}"),
                .rename("\(tower).encoder.{*}", to: "\(canonicalTower).encoder.{*}"),
                .rename("\(tower).post_layernorm.{*}", to: "\(canonicalTower).post_layernorm.{*}"),
                .rename("\(tower).head.{*}", to: "\(canonicalTower).head.{*}"),
                .rename("\(projector).linear_1.{*}", to: "model.mm_projector.0.{*}"),
                .rename("\(projector).linear_2.{*}", to: "model.mm_projector.2.{*}"),
            ])
    }
}
