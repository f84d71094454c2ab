import MiphaCheckpoints
package import MiphaFiles

extension MiphaConfig {
    /// The fields of `config.json` in a layout.
    package static func fields(_ layout: CheckpointLayout) -> FileFields {
        switch layout {
        case .mipha: official
        case .llava: llava
        }
    }

    /// What the fields of the file mean that the reader does not look at.
    ///
    /// - Parameter file: how messages call the file.
    package func findings(_ file: String) -> FileFields.Findings {
        Self.fields(layout).examine(source, file: file)
    }

    /// The element type that the file names.
    var statedType: String? {
        let parts = [source, source["text_config"]?.objectValue].compactMap(\.self)
        return parts.lazy.flatMap { part in
            ["dtype", "torch_dtype"].compactMap { part[$0]?.stringValue }
        }.first
    }

    /// Refuses a field that is set to something this program does not compute.
    func requireKnownFields(_ file: String) throws(CheckpointError) {
        if let message = findings(file).refused.first {
            throw CheckpointError(.invalidConfig, message)
        }
    }

    private static let official = FileFields(
        "config.json, official layout",
        [
            .init("model_type architectures", .used),
            .init(
                "image_aspect_ratio", .used,
                "pad or square; absent: what the picture preprocessing says"),
            .init(
                "tokenizer_model_max_length", .used,
                "longest text of a training sample; from 1000000000 there is no limit"),
            .init("vision_config", .object(officialParts)),
            .init(
                "mm_use_im_start_end", .only([false]),
                "tokens around pictures are not written into prompts"),
            .init("mm_patch_merge_type", .only(["flat"]), "pictures are never cut into tiles"),
            .init("use_s2", .only([false]), "pictures are seen at one scale"),
            .init("image_grid_pinpoints", .only([]), "pictures are never cut into tiles"),
            .init(
                "mm_use_im_patch_token tokenizer_padding_side tune_mm_mlp_adapter "
                    + "tune_mm_vision_resampler freeze_vision_tower freeze_backbone "
                    + "freeze_mm_mlp_adapter unfreeze_mm_vision_tower non_lora_lr "
                    + "mm_projector_lr mm_vision_tower_lr use_mm_proj",
                .harmless, "settings of the run that trained the model"),
        ] + languageFields + generationFields + libraryFields)

    private static let officialParts = FileFields(
        "vision_config",
        [
            .init(
                "vision_tower",
                .object(
                    FileFields(
                        "vision_tower",
                        [
                            .init("vision_model_name_or_path", .used, "must name SigLIP"),
                            .init("mm_vision_select_layer", .used),
                            .init(
                                "mm_vision_select_feature", .only(["patch", "cls_patch"]),
                                "the same here, as SigLIP has no class token"),
                        ] + towerFields))),
            .init(
                "mm_projector",
                .object(
                    FileFields(
                        "mm_projector",
                        [.init("mm_projector_type mm_hidden_size hidden_size", .used)]
                            + sharedFields))),
        ])

    private static let llava = FileFields(
        "config.json, hf-llava layout",
        [
            .init("model_type image_token_index image_token_id", .used),
            .init(
                "image_aspect_ratio", .used,
                "not of transformers: pad or square where the picture preprocessing cannot say"),
            .init(
                "tokenizer_model_max_length", .used,
                "not of transformers; from 1000000000 there is no limit"),
            .init("vision_feature_layer", .used, "one number"),
            .init(
                "vision_feature_select_strategy", .used,
                "must be full; absent means default, which drops a patch"),
            .init("projector_hidden_act", .used, "must be gelu"),
            .init("multimodal_projector_bias", .used, "must be true"),
            .init(
                "text_config",
                .object(
                    FileFields(
                        "text_config", languageFields + generationFields + libraryFields))),
            .init("vision_config", .object(FileFields("vision_config", towerFields))),
            .init("tie_word_embeddings", .harmless, "the head is always read from the weights"),
            .init("image_seq_length vocab_size ignore_index", .harmless, "follow from others"),
        ] + generationFields + libraryFields)

    /// Fields of Phi's `PhiConfig`.
    private static let languageFields: [FileFields.Field] = [
        .init(
            "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
                + "partial_rotary_factor rope_theta max_position_embeddings hidden_act "
                + "layer_norm_eps resid_pdrop",
            .used),
        .init("num_key_value_heads", .used, "must equal num_attention_heads"),
        .init("head_dim", .used, "must be hidden_size / num_attention_heads"),
        .init("qk_layernorm tie_word_embeddings", .used, "must be false"),
        .init("rope_parameters", .object(ropeFields)),
        .init(
            "rope_scaling",
            .object(
                FileFields(
                    "rope_scaling",
                    [
                        .init("type rope_type", .only(["default"]), scaledRotary),
                        .init("rope_theta partial_rotary_factor", .only([]), scaledRotary),
                    ] + unusedRotary))),
        .init(
            "attention_dropout embd_pdrop", .onlyInTraining([0]),
            "training drops what the blocks put out, resid_pdrop, and nothing else"),
        .init(
            "sliding_window layer_types attn_logit_softcapping final_logit_softcapping",
            .only([]), "Phi has none of these"),
    ]

    private static let scaledRotary = "scaled rotary positions are not computed here"

    private static let unusedRotary: [FileFields.Field] = [
        .init(
            "factor original_max_position_embeddings attention_factor beta_fast beta_slow "
                + "short_factor long_factor low_freq_factor high_freq_factor mscale mscale_all_dim "
                + "truncate",
            .harmless, "of no use to the type default")
    ]

    private static let ropeFields = FileFields(
        "rope_parameters",
        [
            .init("rope_theta partial_rotary_factor", .used),
            .init("rope_type type", .only(["default"]), scaledRotary),
            .init(
                "full_attention sliding_attention", .only([]),
                "positions that differ from layer to layer are not computed here"),
        ] + unusedRotary)

    /// Fields of `SiglipVisionConfig`.
    private static let towerFields: [FileFields.Field] =
        [
            .init(
                "model_type hidden_size intermediate_size num_hidden_layers "
                    + "num_attention_heads num_channels image_size patch_size hidden_act "
                    + "layer_norm_eps vision_use_head",
                .used),
            .init("attention_dropout", .onlyInTraining([0]), "the tower drops nothing"),
            .init("projection_dim", .harmless, "of the text tower"),
        ] + sharedFields

    /// What any config of transformers holds whatever the model.
    private static let libraryFields: [FileFields.Field] = [
        .init(
            "quantization_config compression_config", .only([]),
            "weights in another library's few bits are not read; save them in bfloat16"),
        .init("pruned_heads", .only([[:]]), "all heads are computed"),
        .init(
            "auto_map", .told(unless: []),
            "code of a folder's own is never run, the model is computed as its model_type says"),
        .init(
            "torch_dtype dtype", .used,
            "the element type to compute in, where the weights hold several"),
        .init("model_type", .used),
        .init(
            "architectures transformers_version _name_or_path tokenizer_class "
                + "_commit_hash _attn_implementation _attn_implementation_autoset "
                + "attn_implementation _attn_implementation_internal use_cache "
                + "initializer_range initializer_factor gradient_checkpointing "
                + "return_dict output_attentions output_hidden_states torchscript "
                + "tf_legacy_loss use_bfloat16 chunk_size_feed_forward tie_encoder_decoder "
                + "is_encoder_decoder is_decoder add_cross_attention "
                + "cross_attention_hidden_size finetuning_task id2label label2id problem_type "
                + "task_specific_params prefix bos_token_id pad_token_id sep_token_id "
                + "decoder_start_token_id base_model_tp_plan",
            .harmless),
    ]

    /// Settings of generation, which older versions write into every config.
    private static let generationFields: [FileFields.Field] = [
        .init(
            "eos_token_id", .used,
            "ends answers, where generation_config.json names no id; "
                + "ordinary text of an official config does not"),
        .init(
            generationNames, .used, "as in generation_config.json, where there is no such file"),
    ]

    private static let generationNames =
        "max_length min_length do_sample early_stopping num_beams num_beam_groups "
        + "diversity_penalty temperature top_k top_p typical_p repetition_penalty "
        + "length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids "
        + "num_return_sequences output_scores return_dict_in_generate forced_bos_token_id "
        + "forced_eos_token_id remove_invalid_values exponential_decay_length_penalty "
        + "suppress_tokens begin_suppress_tokens"

    /// Of parts that generate nothing.
    private static let sharedFields =
        libraryFields + [
            .init(
                "eos_token_id tie_word_embeddings " + generationNames, .harmless,
                "this part generates nothing")
        ]
}
