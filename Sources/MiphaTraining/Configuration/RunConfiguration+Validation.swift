import MiphaData

extension RunConfiguration {
    /// Refuses settings that exclude each other.
    func validate(worldSize: Int = 1) throws(TrainingError) {
        try validateUpdateSize(worldSize)
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

    /// The most samples of an update of all processes together.
    package static let maximumUpdateSize = 1_000_000_000

    private func validateUpdateSize(_ worldSize: Int) throws(TrainingError) {
        let size = Double(batchSize) * Double(accumulation) * Double(worldSize)
        guard size > Double(Self.maximumUpdateSize) else { return }
        throw TrainingError(
            .invalidRun,
            "per_device_train_batch_size x gradient_accumulation_steps x processes: expected at "
                + "most \(Self.maximumUpdateSize) samples in an update, found \(batchSize) x "
                + "\(accumulation) x \(worldSize); lower one of them")
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
