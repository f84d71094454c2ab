import MiphaCheckpoints
import MiphaData
import MiphaFiles

/// The keys for the length of a run and the contents of an update.
extension RunKey {
    static let course = [
        RunKey(
            "num_train_epochs", \.epochs, .above0(to: 1e6),
            "Passes over the data, rounded up to whole updates; not used when `max_steps` is set."),
        RunKey(
            optional: "max_steps", \.maximumSteps, .count,
            "Updates of the run; overrides `num_train_epochs`."),
        RunKey(
            "per_device_train_batch_size", \.batchSize, .count,
            "Samples, packed rows or pairs of a micro-batch of one process."),
        RunKey(
            "gradient_accumulation_steps", \.accumulation, .count,
            "Micro-batches of an update of one process."),
        epochEnd,
    ]

    /// The treatment of samples that do not fill an update.
    static let epochEnd = RunKey(
        optional: "dataloader_drop_last", \.epochEnd, .epochEnd,
        "Whether the samples at the end of an epoch that do not fill an update are dropped.",
        absent: "false")

    /// The keys for learning from pairs of answers.
    static let preference = [
        RunKey(
            "preference_loss", \.preference.objective, .choice,
            "Loss of a pair; this and the next three keys are for the stage `preference` only."),
        RunKey(
            "beta", \.preference.beta, .above0(to: 1e6),
            "How strongly the loss ties the model to the reference model; for SimPO the scale of the "
                + "rewards."),
        RunKey(
            "simpo_gamma", \.preference.gamma, .from0(to: 1e6),
            "Target margin; with `preference_loss: simpo` only."),
        RunKey(
            "label_smoothing", \.preference.smoothing,
            .from0To1.only(
                "From 0 to below 0.5", expected: "a number from 0 to below 0.5"
            ) { $0 < 0.5 },
            "Fraction of pairs taken as swapped; not with `preference_loss: ipo`."),
    ]
}

extension RunValue where Value == EpochEnd {
    fileprivate static var epochEnd: RunValue {
        RunValue(
            "One of `false`, `true`, `\(EpochEnd.former.rawValue)`",
            choices: [false, true, .string(EpochEnd.former.rawValue)],
            read: { (reader, key) throws(CheckpointError) in
                switch reader.value(key) {
                case .bool(let drops): return drops ? .dropped : .kept
                case .string(EpochEnd.former.rawValue): return .former
                default:
                    throw reader.failure(
                        key, expected: "true, false or \(EpochEnd.former.rawValue)")
                }
            },
            write: { end in
                switch end {
                case .kept: false
                case .dropped: true
                case .former: .string(end.rawValue)
                }
            })
    }
}
