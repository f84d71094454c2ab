import MiphaData
public import MiphaFiles
import MiphaImaging
import MiphaNN
import MiphaTorch

extension RunConfiguration {
    /// The keys of a run file, in the order in which they are written.
    package static let keys = [
        "model", "output_dir", "stage", "tune", "lora_r", "lora_alpha", "lora_dropout",
        "lora_targets", "use_rslora", "use_dora", "load_in_8bit", "load_in_4bit",
        "bnb_4bit_use_double_quant", "data_path", "image_folder", "template",
        "image_aspect_ratio", "model_max_length", "label_policy", "attention_mask",
        "sampling_order", "packing", "packing_budget", "bad_samples", "bad_samples_limit",
        "dataloader_num_workers", "dataloader_prefetch_mib", "feature_cache", "feature_cache_gib",
        "num_train_epochs", "max_steps", "per_device_train_batch_size",
        "gradient_accumulation_steps", "dataloader_drop_last", "preference_loss", "beta",
        "simpo_gamma", "label_smoothing",
        "loss_reduction", "z_loss", "learning_rate",
        "learning_rates", "lr_scheduler_type", "warmup_ratio", "decay_ratio", "weight_decay",
        "weight_decays", "adam_beta1", "adam_beta2", "adam_epsilon", "optim",
        "optimizer_in_backward",
        "max_grad_norm",
        "on_nonfinite", "spike_factor", "ema_decay", "dtype", "gradient_checkpointing",
        "sharding", "processes", "threads", "seed", "eval_data_path", "validation_split",
        "eval_steps",
        "keep_best", "save_steps",
        "save_total_limit", "background_saves", "logging_steps", "tensorboard",
        "sample_steps", "sample_prompts", "sample_max_tokens",
    ]

    /// Keys that change no weight: they may differ between a run and its continuation.
    package static let keysWithoutInfluence: Set = [
        "output_dir", "save_steps", "save_total_limit", "background_saves", "logging_steps",
        "tensorboard", "processes", "threads", "sharding", "spike_factor", "eval_data_path",
        "eval_steps",
        "keep_best", "optimizer_in_backward", "bad_samples_limit", "dataloader_num_workers",
        "dataloader_prefetch_mib",
        "feature_cache", "feature_cache_gib", "sample_steps", "sample_prompts", "sample_max_tokens",
    ]

    /// The values under the keys of a run file.
    public var json: JSONObject {
        var object = dataJSON
        let members =
            adapterJSON.members + optimizationJSON.members + preferenceJSON.members
            + sampling.json.members + recordJSON.members
        for member in members {
            object[member.key] = member.value
        }
        return JSONObject(
            Self.keys.compactMap { key in object[key].map { .init(key: key, value: $0) } })
    }

    private var dataJSON: JSONObject {
        [
            "model": .string(model), "output_dir": .string(outputFolder),
            "stage": .string(stage.rawValue),
            "tune": Self.json(tune.mapValues { .string($0.description) }),
            "data_path": .array(dataPathJSON),
            "image_folder": .string(imageFolder), "template": template.map { .string($0) } ?? .null,
            "image_aspect_ratio": aspectRatio.map { .string($0.rawValue) } ?? .null,
            "model_max_length": .integer(maximumLength),
            "label_policy": .string(labelPolicy.rawValue),
            "attention_mask": .string(attentionMask.rawValue),
            "sampling_order": .string(samplingOrder.rawValue), "packing": .bool(packing),
            "packing_budget": packingBudget.map { .integer($0) } ?? .null,
            "bad_samples": .string(badSamples.rawValue),
            "bad_samples_limit": .double(badSampleLimit),
            "dataloader_num_workers": .integer(loaderThreads),
            "dataloader_prefetch_mib": .integer(prefetchMebibytes),
            "feature_cache": featureFolder.map { .string($0) } ?? .null,
            "feature_cache_gib": .double(featureGibibytes),
            "num_train_epochs": .double(epochs),
            "max_steps": maximumSteps.map { .integer($0) } ?? .null,
            "per_device_train_batch_size": .integer(batchSize),
            "gradient_accumulation_steps": .integer(accumulation),
            "dataloader_drop_last": epochEnd?.json ?? .null,
            "loss_reduction": .string(lossReduction.rawValue), "z_loss": .double(zLoss),
        ]
    }

    /// The data files, as objects where their weights differ from 1.
    private var dataPathJSON: [JSONValue] {
        guard dataWeights.count == dataFiles.count, dataWeights.contains(where: { $0 != 1 }) else {
            return dataFiles.map { .string($0) }
        }
        return zip(dataFiles, dataWeights).map { ["path": .string($0), "weight": .double($1)] }
    }

    private var optimizationJSON: JSONObject {
        [
            "learning_rate": .double(learningRate),
            "learning_rates": Self.json(learningRates.mapValues { .double($0) }),
            "lr_scheduler_type": .string(schedule.rawValue), "warmup_ratio": .double(warmupRatio),
            "decay_ratio": .double(decayRatio), "weight_decay": .double(optimizer.weightDecay),
            "weight_decays": Self.json(weightDecays.mapValues { .double($0) }),
            "adam_beta1": .double(optimizer.beta1), "adam_beta2": .double(optimizer.beta2),
            "adam_epsilon": .double(optimizer.epsilon),
            "optim": .string(moments.rawValue),
            "optimizer_in_backward": .bool(optimizerInBackward),
            "max_grad_norm": .double(maximumGradientNorm),
            "on_nonfinite": .string(nonFinite.rawValue), "spike_factor": .double(spikeFactor),
            "ema_decay": averageDecay.map { .double($0) } ?? .null,
            "dtype": .string(dtype.rawValue), "gradient_checkpointing": .bool(checkpointing),
            "sharding": .string(sharding.rawValue), "processes": .integer(processes),
        ]
    }

    private var recordJSON: JSONObject {
        [
            "threads": threads.map { .integer($0) } ?? .null,
            "seed": .integer(Int(Int64(bitPattern: seed))),
            "eval_data_path": validationFiles.isEmpty
                ? .null : .array(validationFiles.map { .string($0) }),
            "validation_split": .double(validationSplit), "eval_steps": .integer(evaluationSteps),
            "keep_best": .bool(keepsBest), "save_steps": .integer(saveSteps),
            "save_total_limit": .integer(saveLimit),
            "background_saves": .bool(savesInBackground), "logging_steps": .integer(loggingSteps),
            "tensorboard": .bool(tensorBoard),
        ]
    }

    private static func json(_ values: [ModelPart: JSONValue]) -> JSONValue {
        .object(
            JSONObject(
                ModelPart.allCases.compactMap { group in
                    values[group].map { .init(key: group.rawValue, value: $0) }
                }))
    }

    /// The run file that repeats this run from any working folder, as YAML.
    ///
    /// - Parameters:
    ///   - threads: the number of threads of this run; another one may round differently.
    ///   - processes: the number of processes of this run.
    func resolvedYAML(threads: Int, processes: Int) throws -> String {
        var run = resolved
        (run.threads, run.processes) = (threads, processes)
        let lines = try run.json.members.map { "\($0.key): \(try $0.value.text(.compact))" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Refuses settings that exclude each other.
    func validate(worldSize: Int = 1) throws(TrainingError) {
        try preference.validate(self)
        try sampling.validate()
        if packing && attentionMask != .length {
            throw TrainingError(
                .invalidRun,
                "packing: needs attention_mask: length, found \(attentionMask.rawValue)")
        }
        try validatePackingBudget()
        if worldSize > 1 && sharding != .none && moments != .float32 {
            throw TrainingError(
                .invalidRun,
                "optim: expected adamw with sharding \(sharding.rawValue), found "
                    + "\(moments.rawValue), whose blocks do not follow the shards; set sharding: none"
            )
        }
        if optimizerInBackward { try validateInBackward(worldSize) }
        if !validationFiles.isEmpty && validationSplit > 0 {
            throw TrainingError(
                .invalidRun,
                "eval_data_path and validation_split: expected one of them, found both")
        }
        if keepsBest && validationFiles.isEmpty && validationSplit == 0 {
            throw TrainingError(
                .invalidRun,
                "keep_best: needs a validation loss; set eval_data_path or validation_split")
        }
    }

    private func validatePackingBudget() throws(TrainingError) {
        guard packingBudget != nil else { return }
        let reason: String
        if !packing {
            reason = "needs packing: true"
        } else if samplingOrder != .plain {
            reason =
                "needs sampling_order: plain, found \(samplingOrder.rawValue); full rows are of one "
                + "length anyway"
        } else if let part = dataWeights.first(where: { $0 != $0.rounded() }) {
            reason =
                "needs whole weights in data_path, found \(part); rows are made once, for all epochs"
        } else {
            return
        }
        throw TrainingError(.invalidRun, "packing_budget: \(reason)")
    }

    /// Refuses what needs the gradients of the whole model before a weight changes.
    private func validateInBackward(_ worldSize: Int) throws(TrainingError) {
        let conflicts = [
            (accumulation != 1, "gradient_accumulation_steps: 1", "\(accumulation)"),
            (maximumGradientNorm != 0, "max_grad_norm: 0", "\(maximumGradientNorm)"),
            (nonFinite != .stop, "on_nonfinite: stop", nonFinite.rawValue),
            (worldSize != 1, "one process", "\(worldSize)"),
        ]
        guard let (_, expected, found) = conflicts.first(where: { $0.0 }) else { return }
        throw TrainingError(
            .invalidRun,
            "optimizer_in_backward: needs \(expected), found \(found), because weights change before "
                + "all gradients are known")
    }
}
