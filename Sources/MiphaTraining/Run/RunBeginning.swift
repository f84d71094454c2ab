import MiphaChat
import MiphaData
import MiphaFiles
import MiphaFolders
import MiphaModels

/// The starting point of a run, and the settings that hold from there on.
struct RunBeginning {
    /// The settings, with what the run goes on under although its file does not say so.
    let run: RunConfiguration
    let plan: BatchPlan
    let schedule: LearningRateSchedule
    let folder: RunFolder
    /// The state of the data, before any update.
    let state: RunState
    /// The names in the output folder that decided where the run starts.
    let startingPoints: [String]
    /// Whether all updates have been done before.
    let isComplete: Bool
    /// The checkpoint to go on from, if there is one.
    let checkpoint: String?
    /// Damaged checkpoints that were passed over.
    let incidents: [Incident]
    /// Notes to report before the first update.
    let notes: [String]

    /// Looks at the output folder.
    ///
    /// - Parameter model: the folder of the model that the run starts from.
    /// - Throws: `TrainingError` for checkpoints of another run, and for a run without updates.
    init(
        _ given: RunConfiguration, _ model: ModelFolder, _ data: TrainingData,
        _ tuning: TrainingPlan, resume: RunResume, worldSize: Int
    ) throws {
        // A run that says how turns are written asks no template of its model.
        let isStated = given.template != nil || given.stage.isAlignment
        let chatFormat = try isStated ? model.config.chatFormat : model.template().name
        let given = given.namingTemplate(chatFormat)
        func folder(_ run: RunConfiguration) -> RunFolder {
            RunFolder(
                run: run, chatFormat: chatFormat, worldSize: worldSize,
                startsOver: resume == .never, rows: data.rows)
        }
        state = RunState(
            samples: data.training.count,
            data: try given.dataFiles.map { try SHA256Digest(contentsOf: $0).hex },
            base: try tuning.adapters(given).map { _ in
                try WeightSample.digest(model.storedTensors().checkpoint)
            })
        let asked = folder(given)
        startingPoints = try asked.startingPoints()
        let result = resume == .auto ? try asked.goingOn(fromStateIn: given.outputFolder) : nil
        if let result,
            try folder(result).isComplete(
                totalSteps: data.plan(result, world: worldSize).totalSteps, now: state)
        {
            (run, checkpoint, isComplete, incidents) = (result, nil, true, [])
        } else {
            var passedOver: [Incident] = []
            checkpoint = try Self.checkpoint(resume, asked) { passedOver.append($0) }
            run = try checkpoint.flatMap { try asked.goingOn(fromStateIn: $0) } ?? given
            (isComplete, incidents) = (false, passedOver)
        }
        self.folder = folder(run)
        if let checkpoint { try self.folder.requireSameRun(in: checkpoint) }
        plan = try data.requiredPlan(run, world: worldSize)
        schedule = LearningRateSchedule(run, totalSteps: plan.totalSteps)
        let former =
            given.epochEnd == nil && run.epochEnd == .former
            ? [
                "dataloader_drop_last: this run was begun before there was a choice and goes on "
                    + "under the rule of that time (dataloader_drop_last: former); --resume never "
                    + "starts over, with every sample shown once an epoch"
            ] : []
        notes = former + RunNotes(run, plan, schedule, tuning).lines
    }

    /// The state and optimiser of a checkpoint, besides the weights.
    ///
    /// - Throws: `TrainingError` for one of another run, of other data, or of more updates than the
    ///   run has.
    func saved(in checkpoint: String) throws -> (state: RunState, optimizer: SavedOptimizer) {
        let saved = try folder.resume(from: checkpoint, now: state)
        guard (1...max(1, plan.totalSteps)).contains(saved.state.step) else {
            throw TrainingError(
                .invalidRun,
                "\(checkpoint)/trainer_state.json: step: expected 1 to \(plan.totalSteps), "
                    + "found \(saved.state.step)")
        }
        return saved
    }

    /// Folder of the checkpoint to continue from, if any.
    ///
    /// - Parameter found: called for damaged checkpoints that were passed over.
    private static func checkpoint(
        _ resume: RunResume, _ folder: RunFolder, _ found: (Incident) -> Void
    ) throws -> String? {
        switch resume {
        case .never: return nil
        case .from(let path):
            try CheckpointChecksums.verify(path)
            return path
        case .auto:
            return try folder.store.newestWhole { step, reason in
                found(
                    Incident(
                        .checkpointDamaged, step: step,
                        message: "checkpoint-\(step) was passed over: \(reason)"))
            }
        }
    }
}
