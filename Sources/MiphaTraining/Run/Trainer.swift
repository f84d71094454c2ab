public import MiphaData
import MiphaFiles
public import MiphaModels
public import MiphaTorch

/// One training run, from its start or from a checkpoint to its end.
///
/// It prepares a run and puts its parts together. Each part has one job and sees no `Trainer`;
/// `RunCourse` says in which order they work.
public final class Trainer {
    /// A function that answers the questions of a run.
    public typealias Answering = SampleAnswering
    /// The starting point of a run.
    public typealias Resume = RunResume

    /// The settings, with the name of the chat template.
    public var run: RunConfiguration { beginning.run }
    /// The samples that each update learns from.
    public var plan: BatchPlan { beginning.plan }
    /// The trainable parts.
    public var tuning: TrainingPlan { start.tuning }
    /// Learning rate by update.
    public var schedule: LearningRateSchedule { beginning.schedule }
    /// The model that learns.
    public var model: MiphaModel { learner.model }
    /// Names of the parameters that learn.
    public var trainable: [String] { learner.trainable }
    /// Number of updates that a checkpoint had done already.
    public var firstStep: Int { state.step }
    /// Incidents found while the run was prepared, such as damaged checkpoints.
    public let incidents: [Incident]
    /// Notes about unusual settings: samples that are not shown, rates of 0, settings without an
    /// influence.
    public var notes: [String] { beginning.notes }
    /// Images that were decoded so far for samples of this process.
    package var decodedImages: Int { batches.decodedImages }

    let start: StartModel
    let beginning: RunBeginning
    let learner: Learner
    let batches: RunBatches
    let objective: any Objective
    /// The progress of the run when it begins.
    private let state: RunState

    /// Loads model and data and checks that they fit the run.
    ///
    /// - Parameters:
    ///   - device: where this process's model learns.
    ///   - group: the processes that share the work; each makes a trainer of its own.
    ///   - note: receives the progress of a longer pass over the data.
    /// - Throws: `FolderError`, errors of configs, checkpoints, conversations; `TrainingError` for
    ///   runs that cannot work or a checkpoint that belongs to another run.
    public init(
        _ run: RunConfiguration, on device: Device, resume: Resume = .auto,
        group: ProcessGroup? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let preparation = try RunPreparation(
            run, on: device, resume: resume, worldSize: group?.worldSize ?? 1, note: note)
        let (start, beginning) = (preparation.start, preparation.beginning)
        (self.start, self.beginning) = (start, beginning)
        let shortage = MemoryShortage(start.run, world: group?.worldSize ?? 1)
        let learner = try shortage.explaining("reading the model") {
            try Learner(start, from: beginning.checkpoint, group)
        }
        self.learner = learner
        batches = try RunBatches(preparation.data, beginning.plan, start, learner)
        objective = Self.objective(start.run, learner.model)
        if let checkpoint = beginning.checkpoint {
            let saved = try beginning.saved(in: checkpoint)
            let former = try shortage.explaining("reading the optimizer's state") {
                try learner.restore(saved.optimizer, at: saved.state.step)
            }
            state = saved.state
            var found = beginning.incidents.map {
                Incident(
                    $0.kind, step: saved.state.step, samples: $0.samples, message: $0.message)
            }
            if let former { found.append(learner.change(from: former, at: saved.state.step)) }
            incidents = found
        } else {
            (state, incidents) = (beginning.state, beginning.incidents)
        }
    }

    /// The objective of a run of a stage.
    private static func objective(
        _ run: RunConfiguration, _ model: MiphaModel
    ) -> any Objective {
        switch run.stage {
        case .preference: PreferenceObjective(model, run.preference.loss)
        default: TokenObjective(model: model, zLoss: run.zLoss)
        }
    }

    /// A batch of samples: with the features of their images where the tower is frozen, else with
    /// their pixels.
    package func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        try batches.batch(samples)
    }

    /// Runs the updates that are left.
    ///
    /// A stop or an error leaves a checkpoint of the updates done, where their state is whole.
    ///
    /// - Parameters:
    ///   - version: the program's version, for the run's records.
    ///   - shouldStop: asked before each micro-batch, of a validation too; true writes a checkpoint
    ///     of the updates done and ends the run.
    ///   - report: called after each update.
    ///   - note: receives what deserves a line: validation losses, skipped updates, failed
    ///     checkpoints.
    ///   - answers: answers the run's sample questions; needed when it has some.
    public func train(
        version: String = "", shouldStop: () -> Bool = { false },
        report: (TrainingProgress) throws -> Void = { _ in },
        note: @escaping (String) -> Void = { _ in }, answers: Answering? = nil
    ) throws -> TrainingOutcome {
        if beginning.isComplete { return .alreadyComplete }
        let (folder, group) = (beginning.folder, learner.parallel?.group)
        let isFirst = learner.rank == 0
        if isFirst { try SamplePreviews.require(answers, for: run.sampling) }
        if isFirst && firstStep == 0 { try folder.requireModelElsewhere() }
        let lock = try isFirst ? folder.lock(finding: beginning.startingPoints) : nil
        defer { lock?.release() }
        try RankExchange.agreeOnStart(firstStep, group)
        let isPrepared = try MemoryShortage(run, world: learner.world)
            .explaining("preparing the updates") {
                try objective.prepare(objectiveContext, shouldStop: shouldStop, note: note)
            }
        guard isPrepared else { return .stopped(step: firstStep) }
        let records = try RunRecords(
            beginning, tuning, at: firstStep, incidents, group, on: model.device,
            version: version, note: note)
        let checkpoints = RunCheckpoints(folder, learner, records, best: state.best)
        defer {
            checkpoints.wait()
            records.drain()
        }
        return try course(records, checkpoints, answers).run(
            shouldStop: shouldStop, report: report)
    }

    /// The parts of the run that the objective sees.
    private var objectiveContext: ObjectiveContext {
        ObjectiveContext(
            run: run, data: batches.training, validation: batches.validation, model: model,
            parallel: learner.parallel, isResumed: firstStep > 0, batch: batches.batch,
            startModel: { [start] in try start.read() })
    }

    /// Puts the parts of the course together.
    private func course(
        _ records: RunRecords, _ checkpoints: RunCheckpoints, _ answers: Answering?
    ) -> RunCourse {
        let recorder = records.recorder
        let exchange = RankExchange(
            parallel: learner.parallel, joint: checkpoints.joint, recorder: recorder,
            badSampleLimit: run.badSampleLimit)
        let idle = IdleSamples(
            batches: batches, maximumLength: run.maximumLength, recorder: recorder)
        return RunCourse(
            beginning, from: state, learner,
            updates: UpdateLoop(
                run, schedule, learner, batches, objective, exchange, idle, resuming: state),
            validation: batches.validation.map {
                Validation($0, run, learner, batches, objective, exchange, idle)
            },
            previews: SamplePreviews(
                run.sampling, learner, records, totalSteps: plan.totalSteps, answers),
            checkpoints: checkpoints, records: records)
    }
}
