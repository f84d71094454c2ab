import Foundation
public import MiphaData
import MiphaFolders
public import MiphaModels
import MiphaNN
public import MiphaTorch

/// One training run, from its start or from a checkpoint to its end.
public final class Trainer {
    /// Where a run starts from.
    public enum Resume: Sendable, Equatable {
        /// From the newest whole checkpoint of the output folder, if there is one.
        case auto
        /// From the start; checkpoints of the output folder are removed.
        case never
        /// From a checkpoint folder.
        case from(String)

        /// Reads `auto`, `never`, or a folder.
        public init(parsing text: String) {
            switch text {
            case "auto": self = .auto
            case "never": self = .never
            default: self = .from(text)
            }
        }

        /// What a launcher's new start of the same job goes on from: what the job has written, once it
        /// has, which neither `never` removes nor `from` passes over again.
        ///
        /// - Parameters:
        ///   - run: the run of the job.
        ///   - job: what the launcher calls the job.
        public func again(_ run: RunConfiguration, job: String?) -> Resume {
            job != nil && RunRecord.lastJob(in: run.outputFolder) == job ? .auto : self
        }
    }

    /// The settings, with the name of the chat template.
    public let run: RunConfiguration
    /// Which samples each update learns from.
    public let plan: BatchPlan
    /// What learns.
    public let tuning: TrainingPlan
    /// Learning rate by update.
    public let schedule: LearningRateSchedule
    /// The model that learns.
    public let model: MiphaModel
    /// Names of the parameters that learn.
    public let trainable: [String]
    /// Number of updates that a checkpoint had done already.
    public private(set) var firstStep = 0
    /// What was found out while the run was prepared, such as damaged checkpoints.
    public private(set) var incidents: [Incident] = []
    /// What is unusual about the settings: samples that are not shown, rates of 0, settings without an
    /// influence.
    public let notes: [String]

    /// The model that the run started from.
    let start: ModelFolder
    let folder: RunFolder
    let data: TrainingDataSet
    let validation: TrainingDataSet?
    let loader: BatchLoader
    /// The samples of an epoch in order.
    let order: @Sendable (Int) -> [Int]
    /// What the tower gives, when it is frozen.
    let features: FeatureStore?
    let collator: Collator
    let objective: any Objective
    let optimizer: AdamW
    let average: WeightAverage?
    let parallel: DataParallel?
    let joint: JointCheckpoints?
    let dropout: RandomGenerator
    /// What the output folder had to go on from when this run was made ready.
    let startingPoints: [String]
    let isComplete: Bool
    var state = RunFolder.State()
    var spikes: SpikeDetector
    /// The checkpoint of the lowest validation loss while it is being written.
    var nextBest: RunFolder.State.Best?
    /// Whether the weights are not to be saved: an update has changed only some of them, or it is not
    /// finite, which may be their fault.
    var weightsAreUnsound = false
    /// Samples that this process has asked for, and those that could not be used as they are; those of
    /// all processes at earlier starts are counted by rank 0.
    var usability = SampleUsability()

    /// Loads model and data and checks that they fit the run.
    ///
    /// - Parameters:
    ///   - group: the processes that share the work; each makes a trainer of its own.
    ///   - note: told how far a longer pass over the data is.
    /// - Throws: `FolderError`, errors of configs, checkpoints, conversations; `TrainingError` for runs
    ///   that cannot work or a checkpoint that belongs to another run.
    public init(
        _ run: RunConfiguration, resume: Resume = .auto, group: ProcessGroup? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try run.validate(worldSize: group?.worldSize ?? 1)
        start = try run.openModel()
        tuning = try TrainingPlan(run)
        try tuning.requireTargets(run, in: start.config)
        let found = try TrainingData(run, start, note: note)
        let beginning = try RunBeginning(
            run, start, found, tuning, resume: resume, worldSize: group?.worldSize ?? 1)
        let (run, checkpoint) = (beginning.run, beginning.checkpoint)
        self.run = run
        (plan, schedule) = (beginning.plan, beginning.schedule)
        folder = beginning.folder
        (startingPoints, isComplete) = (beginning.startingPoints, beginning.isComplete)
        (incidents, notes) = (beginning.incidents, beginning.notes)
        model = try Self.preparedModel(run, start, tuning, from: checkpoint)
        let names = try tuning.trainable(in: model)
        let chosen = Set(names)
        trainable = try model.store.train(where: chosen.contains)
        let parameters = names.compactMap { [model] name in
            model.store[name].map { (name: name, tensor: $0) }
        }
        let parallel = try group.map { [tuning, model] in
            try DataParallel(
                $0, mode: run.sharding, segments: model.segmentPlaces(),
                places: model.store.places, parameters: parameters,
                frozen: Self.sharedFrozen(model, tuning, learning: chosen))
        }
        self.parallel = parallel
        let store = folder.store
        joint = parallel.map {
            JointCheckpoints(
                $0.group, begin: store.begin,
                complete: { try store.complete($0, keeping: $1) })
        }
        optimizer = try Self.optimizer(
            run, start, tuning, model, parameters, parallel, isResumed: checkpoint != nil)
        average = try run.averageDecay.map { [optimizer] in
            try WeightAverage(decay: $0, weights: optimizer.weights())
        }
        dropout = try RandomGenerator(seed: Self.dropoutSeed(run, group))
        order = try found.order(run, world: group?.worldSize ?? 1)
        features = try Self.features(run, tuning, model, writers: group?.worldSize ?? 1)
        data = found.training.asking(features?.lookup)
        validation = found.validation?.asking(features?.lookup)
        loader = BatchLoader(
            data, plan, order: order, rank: group?.rank ?? 0,
            settings: run.loading)
        collator = Self.collator(run, padID: data.padID)
        objective = Self.objective(run, model)
        spikes = SpikeDetector(factor: run.spikeFactor)
        state = beginning.state
        if let checkpoint { try restore(from: checkpoint) }
    }

    private func restore(from checkpoint: String) throws {
        let saved = try folder.resume(from: checkpoint, now: state)
        guard (1...max(1, plan.totalSteps)).contains(saved.state.step) else {
            throw TrainingError(
                .invalidRun,
                "\(checkpoint)/trainer_state.json: step: expected 1 to \(plan.totalSteps), "
                    + "found \(saved.state.step)")
        }
        state = saved.state
        if parallel?.group.rank ?? 0 == 0 { usability = state.usability }
        firstStep = state.step
        incidents = incidents.map {
            Incident($0.kind, step: firstStep, samples: $0.samples, message: $0.message)
        }
        try optimizer.restore { try saved.optimizer.tensor($0, for: parallel) }
        try average?.restore { try saved.optimizer.average($0, for: parallel) }
        // A process that the job did not have before goes on from a seed of its own.
        if let state = try saved.optimizer.generator(rank: parallel?.group.rank ?? 0) {
            try dropout.restore(state)
        }
        spikes = SpikeDetector(factor: run.spikeFactor, recent: state.recentLosses)
    }
}
