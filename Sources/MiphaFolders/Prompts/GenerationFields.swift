package import MiphaFiles

extension GenerationFile {
    /// The fields of `generation_config.json`.
    package static let fields = FileFields(
        "generation_config.json",
        [
            .init(
                "eos_token_id", .used,
                "ends answers, besides the template's end of turn and the tokenizer's end of text"),
            .init(
                "do_sample temperature top_p top_k typical_p min_p top_h epsilon_cutoff eta_cutoff",
                .used,
                "a note names the options; answers take the most likely token unless --temperature "
                    + "is given"),
            .init(
                "max_new_tokens", .told(unless: []),
                "the longest answer is that of --max-tokens"),
            .init(
                "max_length", .told(unless: [20]), "the longest answer is that of --max-tokens"),
            .init("max_time", .told(unless: []), "answers take the time they take"),
            .init(
                "stop_strings", .told(unless: [[]]), "texts that end answers are given with --stop"),
            .init("repetition_penalty encoder_repetition_penalty", .only([1]), noPenalty),
            .init(
                "no_repeat_ngram_size encoder_no_repeat_ngram_size min_length min_new_tokens",
                .only([0]), noPenalty),
            .init("guidance_scale", .only([1]), noPenalty),
            .init("penalty_alpha", .only([0]), noPenalty),
            .init(
                "bad_words_ids suppress_tokens begin_suppress_tokens forced_decoder_ids "
                    + "force_words_ids constraints",
                .only([[]]), noPenalty),
            .init(
                "forced_bos_token_id forced_eos_token_id exponential_decay_length_penalty "
                    + "sequence_bias dola_layers watermarking_config",
                .only([]), noPenalty),
            .init("token_healing", .only([false]), noPenalty),
            .init("num_beams num_beam_groups num_return_sequences", .only([1]), oneAnswer),
            .init(
                "early_stopping length_penalty diversity_penalty low_memory", .harmless,
                "of beams, which are not supported"),
            .init("generation_kwargs", .only([[:]]), noPenalty),
            .init(
                "renormalize_logits remove_invalid_values", .harmless,
                "non-finite logits are an error"),
            .init(
                "bos_token_id pad_token_id decoder_start_token_id", .harmless,
                "the prompt comes from the template"),
            .init(
                "use_cache cache_implementation cache_config return_legacy_cache max_cache_len "
                    + "prefill_chunk_size disable_compile compile_config "
                    + "continuous_batching_config is_assistant num_assistant_tokens "
                    + "num_assistant_tokens_schedule assistant_confidence_threshold "
                    + "assistant_early_exit assistant_lookbehind target_lookbehind "
                    + "assistant_ensemble_weight prompt_lookup_num_tokens "
                    + "max_matching_ngram_size speculation_type use_mtp trust_remote_code",
                .harmless, "how fast answers come, not which"),
            .init(
                "output_scores output_logits output_attentions output_hidden_states "
                    + "return_dict_in_generate",
                .harmless, "what else is handed over"),
            .init("_from_model_config transformers_version _commit_hash", .harmless),
        ])

    private static let noPenalty =
        "answers are drawn from the model's own logits; take the field out to do so"
    private static let oneAnswer =
        "one answer is followed; take the field out to do so"
}
