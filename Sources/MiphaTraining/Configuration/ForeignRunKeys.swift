import MiphaCheckpoints

/// Keys of transformers' `TrainingArguments`, of TRL and of LLaVA's scripts that have another name here.
package enum ForeignRunKeys {
    /// The keys, each with what to write instead.
    package static let all: KeyValuePairs<String, String> = [
        "model_name_or_path": "model",
        "version": "template",
        "vision_tower": "model, whose folder has tower and projector",
        "pretrain_mm_mlp_adapter": "model, whose folder has tower and projector",
        "mm_vision_select_layer": "the key in config.json of model",
        "tune_mm_mlp_adapter": "stage: align",
        "freeze_mm_mlp_adapter": "tune: {projector: frozen}",
        "freeze_backbone": "tune: {language: frozen, head: frozen}",
        "freeze_vision_tower": "tune: {tower: frozen}",
        "mm_projector_lr": "learning_rates: {projector: …}",
        "lora_enable": "stage: instruct-lora, or tune: {language: lora}",
        "lora_target_modules": "lora_targets",
        "bits": "load_in_8bit or load_in_4bit",
        "double_quant": "bnb_4bit_use_double_quant",
        "bf16": "dtype: bfloat16",
        "fp16": "dtype: bfloat16",
        "deepspeed": "sharding",
        "fsdp": "sharding",
        "group_by_length": "sampling_order: length",
        "group_by_modality_length": "sampling_order: modality_length",
        "per_device_eval_batch_size": "per_device_train_batch_size, which validation takes too",
        "eval_strategy": "eval_steps",
        "evaluation_strategy": "eval_steps",
        "save_strategy": "save_steps",
        "logging_strategy": "logging_steps",
        "load_best_model_at_end": "keep_best",
        "report_to": "tensorboard",
        "warmup_steps": "warmup_ratio",
        "lr_scheduler_kwargs": "decay_ratio, with lr_scheduler_type: wsd",
        "max_length": "model_max_length",
        "max_seq_length": "model_max_length",
        "data_seed": "seed",
        "use_cpu": "device: cpu",
        "no_cuda": "device: cpu",
        "loss_type": "preference_loss",
    ]

    /// Refuses a run file that has one of the keys.
    ///
    /// - Throws: `CheckpointError` naming the key and what to write.
    static func refuse(in reader: ConfigReader) throws(CheckpointError) {
        for (key, own) in all where reader.has(key) {
            throw CheckpointError(
                .invalidConfig,
                "\(reader.file): unknown key \(reader.path(of: key)); write \(own)")
        }
    }
}
