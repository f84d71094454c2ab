import MiphaData
import MiphaNN

/// Effects of a run's settings that a user may not expect, reported before the first update by
/// `mipha plan` and `mipha train` alike.
struct RunNotes {
    private let run: RunConfiguration
    private let plan: BatchPlan
    private let schedule: LearningRateSchedule
    private let tuning: TrainingPlan

    init(
        _ run: RunConfiguration, _ plan: BatchPlan, _ schedule: LearningRateSchedule,
        _ tuning: TrainingPlan
    ) {
        (self.run, self.plan, self.schedule, self.tuning) = (run, plan, schedule, tuning)
    }

    /// One line for each, which begins with the key that is the cause.
    var lines: [String] { samples + rates + unused }

    // MARK: Samples that are not shown, or twice

    private var samples: [String] {
        let key = "dataloader_drop_last: \(run.resolvedEpochEnd.rawValue)"
        let leftOut = plan.sampleCount - plan.shownPerEpoch
        var lines: [String] = []
        if leftOut > 0 {
            lines.append(
                "\(key): \(leftOut) of \(plan.sampleCount) \(plan.unit) do not fill an update of "
                    + "\(plan.updateSize) and are not shown, in each epoch others")
        }
        if plan.repeatedPerEpoch > 0 {
            lines.append(
                "\(key): \(plan.repeatedPerEpoch) of \(plan.sampleCount) \(plan.unit) are shown "
                    + "twice in an epoch, to fill the last micro-batches up")
        }
        return lines
    }

    // MARK: Learning rates

    private var rates: [String] {
        let learning = tuning.parts.filter { $0.mode != .frozen }
        let idle = learning.filter { $0.learningRate == 0 }
        if idle.count == learning.count {
            return ["learning_rate: 0: no weight will change"]
        }
        var lines = idle.map { part in
            let own = run.learningRates[part.group] != nil
            return "\(own ? "learning_rates.\(part.group.rawValue)" : "learning_rate"): 0: "
                + "\(part.group.rawValue) will not change; tune.\(part.group.rawValue): frozen "
                + "says the same and saves its gradients"
        }
        if plan.totalSteps == 1, run.warmupRatio > 0 {
            lines.append(
                "warmup_ratio: \(run.warmupRatio): the only update would have the rate 0, so there is "
                    + "no warm-up")
        } else if schedule.highestFactor < 1 {
            let percent = (schedule.highestFactor * 1000).rounded() / 10
            let decay =
                run.schedule == .wsd ? " and \(schedule.decaySteps) of decay_ratio" : ""
            lines.append(
                "warmup_ratio: \(run.warmupRatio): the rate rises to \(percent) % of learning_rate "
                    + "only, because \(plan.totalSteps) updates have no room for "
                    + "\(schedule.warmupSteps) of warm-up\(decay)")
        }
        return lines
    }

    // MARK: Settings without an influence

    /// Settings that differ from their defaults and that nothing in this run looks at.
    private var unused: [String] {
        let plain = RunConfiguration()
        let stage = "the stage \(run.stage.rawValue)"
        let ownValues = "all groups that learn have their own"
        var lines: [String] = []
        func tell(_ key: String, set isSet: Bool, used isUsed: Bool, _ reason: String) {
            if isSet && !isUsed { lines.append("\(key): has no influence here: \(reason)") }
        }
        tell(
            "decay_ratio", set: run.decayRatio != plain.decayRatio, used: run.schedule == .wsd,
            "lr_scheduler_type is \(run.schedule.rawValue), not wsd")
        tell(
            "num_train_epochs", set: run.epochs != plain.epochs, used: run.maximumSteps == nil,
            "max_steps overrides it")
        tell(
            "learning_rate", set: run.learningRate != plain.learningRate,
            used: hasGroup(without: run.learningRates), ownValues)
        tell(
            "weight_decay", set: run.optimizer.weightDecay != plain.optimizer.weightDecay,
            used: hasGroup(without: run.weightDecays), ownValues)
        tell(
            "image_aspect_ratio", set: run.aspectRatio != nil, used: run.stage.takesPictures,
            "\(stage) has no images")
        tell(
            "lora_dropout", set: run.adapters.dropout != plain.adapters.dropout,
            used: run.stage != .preference, "dropout is off in \(stage)")
        tell(
            "feature_cache", set: run.featureFolder != nil,
            used: tuning.keepsFeatures(in: run.stage),
            run.stage.takesPictures ? "the tower learns" : "\(stage) has no images")
        tell(
            "feature_cache_gib", set: run.featureGibibytes != plain.featureGibibytes,
            used: run.featureFolder != nil, "feature_cache is not set")
        tell(
            "bad_samples_limit", set: run.badSampleLimit != plain.badSampleLimit,
            used: run.badSamples != .fail, "bad_samples is fail")
        tell(
            "eval_steps", set: run.evaluationSteps != plain.evaluationSteps,
            used: !run.validationFiles.isEmpty || run.validationSplit > 0,
            "there are no validation data")
        tell(
            "sample_max_tokens",
            set: run.sampling.maximumTokens != plain.sampling.maximumTokens,
            used: run.sampling.steps > 0, "sample_steps is not set")
        tell(
            "sharding", set: run.sharding != plain.sharding, used: plan.world > 1,
            "there is one process")
        return lines
    }

    private func hasGroup(without own: [ModelPart: Double]) -> Bool {
        tuning.parts.contains { $0.mode != .frozen && own[$0.group] == nil }
    }
}
