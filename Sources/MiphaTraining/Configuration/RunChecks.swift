import MiphaData

/// Refuses runs whose settings exclude each other.
struct RunChecks {
    private let run: RunConfiguration
    private let worldSize: Int

    /// The most samples of an update of all processes together.
    private static let maximumUpdateSize = 1_000_000_000

    /// - Parameter worldSize: number of processes that share the work.
    init(_ run: RunConfiguration, worldSize: Int) {
        (self.run, self.worldSize) = (run, worldSize)
    }

    /// Does all checks that need nothing but the settings.
    func requireAll() throws(TrainingError) {
        try requireUpdateSize()
        try run.preference.validate(run)
        try run.sampling.validate()
        try requirePacking()
        if worldSize > 1 && run.sharding != .none && run.moments != .float32 {
            throw TrainingError(
                .invalidRun,
                "optim: expected adamw with sharding \(run.sharding.rawValue), found "
                    + "\(run.moments.rawValue), whose blocks do not follow the shards; set sharding: "
                    + "none")
        }
        if run.optimizerInBackward { try requireUpdatesInBackward() }
        try requireValidation()
    }

    private func requireUpdateSize() throws(TrainingError) {
        let size = Double(run.batchSize) * Double(run.accumulation) * Double(worldSize)
        guard size > Double(Self.maximumUpdateSize) else { return }
        throw TrainingError(
            .invalidRun,
            "per_device_train_batch_size x gradient_accumulation_steps x processes: expected at "
                + "most \(Self.maximumUpdateSize) samples in an update, found \(run.batchSize) x "
                + "\(run.accumulation) x \(worldSize); lower one of them")
    }

    private func requirePacking() throws(TrainingError) {
        if run.packing && run.attentionMask != .length {
            throw TrainingError(
                .invalidRun,
                "packing: needs attention_mask: length, found \(run.attentionMask.rawValue)")
        }
        guard run.packingBudget != nil else { return }
        let reason: String
        if !run.packing {
            reason = "needs packing: true"
        } else if run.samplingOrder != .plain {
            reason =
                "needs sampling_order: plain, found \(run.samplingOrder.rawValue); full rows are of "
                + "one length anyway"
        } else if let part = run.dataWeights.first(where: { $0 != $0.rounded() }) {
            reason =
                "needs whole weights in data_path, found \(part); rows are made once, for all epochs"
        } else {
            return
        }
        throw TrainingError(.invalidRun, "packing_budget: \(reason)")
    }

    /// Refuses what needs the gradients of the whole model before a weight changes.
    private func requireUpdatesInBackward() throws(TrainingError) {
        let conflicts = [
            (run.accumulation != 1, "gradient_accumulation_steps: 1", "\(run.accumulation)"),
            (run.maximumGradientNorm != 0, "max_grad_norm: 0", "\(run.maximumGradientNorm)"),
            (run.nonFinite != .stop, "on_nonfinite: stop", run.nonFinite.rawValue),
            (worldSize != 1, "one process", "\(worldSize)"),
        ]
        guard let (_, expected, found) = conflicts.first(where: { $0.0 }) else { return }
        throw TrainingError(
            .invalidRun,
            "optimizer_in_backward: needs \(expected), found \(found), because weights change before "
                + "all gradients are known")
    }

    private func requireValidation() throws(TrainingError) {
        if !run.validationFiles.isEmpty && run.validationSplit > 0 {
            throw TrainingError(
                .invalidRun,
                "eval_data_path and validation_split: expected one of them, found both")
        }
        if run.keepsBest && run.validationFiles.isEmpty && run.validationSplit == 0 {
            throw TrainingError(
                .invalidRun,
                "keep_best: needs a validation loss; set eval_data_path or validation_split")
        }
    }
}

extension RunConfiguration {
    /// Refuses settings that exclude each other.
    ///
    /// - Parameter worldSize: number of processes that share the work.
    func validate(worldSize: Int = 1) throws(TrainingError) {
        try RunChecks(self, worldSize: worldSize).requireAll()
    }
}
