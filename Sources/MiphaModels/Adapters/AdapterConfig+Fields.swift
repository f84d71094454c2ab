package import MiphaFiles

extension AdapterConfig {
    /// Every field that PEFT's `LoraConfig` has had up to 0.21, and its treatment here.
    package static let fields = FileFields(
        "adapter_config.json", arithmetic + selection + starts + variants + circumstances)

    private static let arithmetic: [FileFields.Field] = [
        .init("r lora_alpha rank_pattern alpha_pattern", .used, "keys of patterns are expressions"),
        .init("use_rslora use_dora lora_dropout", .used),
        .init("bias", .used, "biases that were trained stand in the file and replace the base's"),
        .init("fan_in_fan_out", .harmless, "PEFT takes it as false on linear layers"),
        .init("lora_bias", .only([false]), "PEFT would add a bias of B"),
    ]

    private static let selection: [FileFields.Field] = [
        .init(
            "target_modules exclude_modules layers_to_transform layers_pattern", .used,
            "say which layers must be there"),
        .init("modules_to_save", .used, "stand in the file in full, in the place of the base's"),
        .init(
            "target_parameters", .only([[]]),
            "PEFT would adapt parameters that are of no linear layer"),
        .init(
            "trainable_token_indices", .only([[], [:]]),
            "PEFT would replace single rows of the embedding table; merge the adapter with PEFT"),
        .init(
            "layer_replication", .only([[]]),
            "PEFT would stack the decoder's blocks anew; merge the adapter with PEFT"),
        .init(
            "ensure_weight_tying", .harmless,
            "an adapter of a table that is the head too is refused"),
    ]

    private static let starts: [FileFields.Field] = [
        .init(
            "init_lora_weights",
            .only([true, false, "true", "false", "gaussian", "eva", "orthogonal", "mica"]),
            "PEFT would change the base's weights first, which the adapter does not hold; save it "
                + "with path_initial_model_for_weight_conversion, or merge it with PEFT"),
        .init(
            "loftq_config eva_config corda_config lora_ga_config", .harmless,
            "belong to a start of that name"),
    ]

    private static let variants: [FileFields.Field] = [
        .init("peft_type", .only(["LORA"]), "no other kind of adapter is computed"),
        .init("use_qalora", .only([false]), "PEFT would pool the inputs of A"),
        .init("use_bdlora", .only([]), "PEFT would compute with block-diagonal matrices"),
        .init("alora_invocation_tokens", .only([]), "PEFT would adapt the last tokens only"),
        .init("arrow_config", .only([]), "PEFT would choose between adapters token by token"),
        .init("kasa_config", .only([]), "PEFT would truncate the base's weights"),
        .init("monteclora_config", .only([]), "PEFT would draw weights at random"),
        .init("megatron_config", .only([]), "PEFT would expect Megatron's parallel layers"),
        .init("enable_lora", .only([]), "PEFT would adapt parts of a fused layer only"),
        .init("velora_config", .harmless, "changes the backward pass only"),
        .init("megatron_core qalora_group_size", .harmless, "belong to fields that are refused"),
    ]

    private static let circumstances: [FileFields.Field] = [
        .init("base_model_name_or_path", .used, "where a command finds the base by itself"),
        .init(
            "task_type", .only(["CAUSAL_LM", "SEQ_2_SEQ_LM", "FEATURE_EXTRACTION"]),
            "PEFT would put a classifier in the place of the language head"),
        .init("revision", .harmless, "version of the base on its hub; here the base is a folder"),
        .init("auto_mapping peft_version", .harmless, "who wrote the file"),
        .init("inference_mode merge_weights runtime_config", .harmless, "when and where, not what"),
    ]
}
