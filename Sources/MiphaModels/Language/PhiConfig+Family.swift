public import MiphaFiles

extension PhiConfig {
    /// The family's names.
    public static let family = PartFamily(
        id: "phi", title: "Phi", modelType: "phi",
        modules: ["embed_tokens", "layers", "final_layernorm"],
        dropped: ["layers.{}.self_attn.rotary_emb.{*}"])

    /// The second is that of the released Mipha-1.7B, whose projections are fused.
    public static let officialTypes = ["mipha_phi", fusedType]

    /// Name of the chat format of Phi's models.
    public static let chatFormat = "phi"

    /// The end of text, which begins and ends texts.
    public static let tokenDefaults: JSONObject = ["bos_token_id": 50256, "eos_token_id": 50256]

    /// The treatment of the fields of `PhiConfig`.
    public static let fields = FileFields(
        "text_config",
        [
            .init(
                "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
                    + "partial_rotary_factor rope_theta max_position_embeddings hidden_act "
                    + "layer_norm_eps resid_pdrop",
                .used),
            .init("num_key_value_heads", .used, "must equal num_attention_heads"),
            .init("head_dim", .used, "must be hidden_size / num_attention_heads"),
            .init("qk_layernorm tie_word_embeddings", .used, "must be false"),
            .init(
                splitKey, .harmless,
                "not of transformers; read in text_config of hf-llava only: whether the official "
                    + "layout of the model has one query_key_value map"),
        ] + RotaryFields.all(partial: .used) + [
            .init(
                "attention_dropout embd_pdrop", .onlyInTraining([0]),
                "training drops what the blocks put out, resid_pdrop, and nothing else"),
            .init(
                "sliding_window layer_types attn_logit_softcapping final_logit_softcapping",
                .only([]), "Phi has none of these"),
        ])
}
