import MiphaFiles

/// The treatment of fields that transformers writes into the config of any model.
enum LibraryFields {
    /// The fields that any config of transformers holds, whatever the model.
    static let all: [FileFields.Field] = [
        .init(
            "quantization_config compression_config", .only([]),
            "weights quantised by another library are not read; save them in bfloat16"),
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
    static let generation: [FileFields.Field] = [
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

    /// The fields of parts that generate nothing.
    static let ofParts: [FileFields.Field] =
        all + [
            .init(
                "eos_token_id tie_word_embeddings " + generationNames, .harmless,
                "this part generates nothing")
        ]
}
