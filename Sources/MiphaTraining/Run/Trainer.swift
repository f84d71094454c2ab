import Foundation
import MiphaChat
import MiphaCheckpoints
public import MiphaData
import MiphaFiles
import MiphaImaging
public import MiphaModels
import MiphaNN
import MiphaTokenizers
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
    }

    /// The settings.
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
    private let isComplete: Bool
    var state = RunFolder.State()
    var spikes: SpikeDetector
    /// Updates in a row that were not finite.
    var skippedInARow = 0

    /// Loads model and data and checks that they fit the run.
    ///
    /// - Parameters:
    ///   - group: the processes that share the work; each makes a trainer of its own.
    ///   - note: told how far a longer pass over the data is.
    /// - Throws: errors of configs, checkpoints, conversations; `TrainingError` for runs that cannot
    ///   work or a checkpoint that belongs to another run.
    public init(
        _ run: RunConfiguration, resume: Resume = .auto, group: ProcessGroup? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try run.validate(worldSize: group?.worldSize ?? 1)
        try Self.requireWholeModel(run.model)
        self.run = run
        tuning = try TrainingPlan(run)
        folder = RunFolder(run: run, worldSize: group?.worldSize ?? 1)
        let found = try TrainingData(run, note: note)
        (data, validation) = (found.training, found.validation)
        plan = found.plan(run, world: group?.worldSize ?? 1)
        schedule = Self.schedule(run, totalSteps: plan.totalSteps)
        isComplete = try resume == .auto && folder.isComplete(totalSteps: plan.totalSteps)
        var passedOver: [Incident] = []
        let start = try isComplete ? nil : Self.start(resume, folder) { passedOver.append($0) }
        incidents = passedOver
        if let start { try folder.requireSameRun(in: start) }
        var model = try Self.model(run, tuning, from: start)
        if run.stage.takesPictures {
            model.config.imageAspectRatio = run.resolvedAspectRatio.rawValue
        }
        try data.requirePictures(side: model.config.vision.imageSize, model: run.model)
        self.model = model
        let names = try tuning.trainable(in: model)
        let chosen = Set(names)
        trainable = try model.store.train(where: chosen.contains)
        let parameters = names.compactMap { name in
            model.store[name].map { (name: name, tensor: $0) }
        }
        let parallel = try group.map { [tuning] in
            try DataParallel(
                $0, mode: run.sharding, segments: model.segmentPrefixes(), parameters: parameters,
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
            run, tuning, parameters, parallel, isResumed: start != nil)
        average = try run.averageDecay.map { [optimizer] in
            try WeightAverage(decay: $0, weights: optimizer.weights())
        }
        dropout = try RandomGenerator(seed: Self.dropoutSeed(run, group))
        order = try found.order(run, world: group?.worldSize ?? 1)
        loader = BatchLoader(
            data, plan, order: order, rank: group?.rank ?? 0,
            settings: SampleLoader.Settings(
                threads: run.loaderThreads, byteBudget: run.prefetchMebibytes << 20,
                policy: run.badSamples))
        features =
            try tuning[.tower].mode == .frozen && run.stage.takesPictures
            ? FeatureStore(
                folder: run.featureFolder, budget: Int(run.featureGibibytes * 1_073_741_824),
                model: model, writers: group?.worldSize ?? 1)
            : nil
        collator = Collator(
            maskedKeyID: run.attentionMask == .notPad ? data.padID : nil,
            pixelShape: [3, model.config.vision.imageSize, model.config.vision.imageSize],
            packs: run.packing)
        objective = Self.objective(run, model)
        spikes = SpikeDetector(factor: run.spikeFactor)
        state.samples = data.count
        state.data = try run.dataFiles.map { try SHA256Digest(contentsOf: $0).hex }
        if let start { try restore(from: start) }
    }

    private func restore(from start: String) throws {
        let saved = try folder.resume(from: start, now: state)
        guard (1...max(1, plan.totalSteps)).contains(saved.state.step) else {
            throw TrainingError(
                .invalidRun,
                "\(start)/trainer_state.json: step: expected 1 to \(plan.totalSteps), "
                    + "found \(saved.state.step)")
        }
        state = saved.state
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

    /// Runs the updates that are left.
    ///
    /// - Parameters:
    ///   - version: the program's version, for the run's records.
    ///   - shouldStop: asked before each micro-batch; true writes a checkpoint of the updates done
    ///     and ends the run.
    ///   - report: called after each update.
    ///   - note: told what is worth a line: validation losses, skipped updates, failed checkpoints.
    ///   - answers: answers the run's sample questions; needed when it has some.
    public func train(
        version: String = "", shouldStop: () -> Bool = { false },
        report: (TrainingProgress) throws -> Void = { _ in },
        note: @escaping (String) -> Void = { _ in }, answers: Answering? = nil
    ) throws -> TrainingOutcome {
        if isComplete { return .alreadyComplete }
        try requireAnswers(answers)
        try agreeOnStart()
        guard try objective.prepare(self, shouldStop: shouldStop, note: note) else {
            return .stopped(step: firstStep)
        }
        if let parallel, parallel.group.rank > 0 {
            return try follow(parallel, shouldStop: shouldStop)
        }
        try folder.begin(at: firstStep)
        try parallel?.group.barrier()
        let log = RunLog(
            folder: run.outputFolder, resumingAt: firstStep, tensorBoard: run.tensorBoard,
            samples: run.sampling.steps > 0)
        defer { log.drain() }
        let records = RunRecord(folder: run.outputFolder, run: run, version: version)
        do {
            try records.addStart(resumingAt: firstStep)
        } catch {
            note("warning: \(error)")
        }
        records.hashInputs()
        let writer = CheckpointWriter(store: folder.store, log: log)
        // An error ends the run, not the checkpoint that is being written.
        defer {
            writer.wait()
            joint?.wait()
        }
        let recorder = Recorder(log: log, note: note)
        for incident in incidents { log.incident(incident) }
        let clock = ContinuousClock()
        let began = clock.now
        for step in firstStep..<plan.totalSteps {
            let started = clock.now
            guard parallel != nil || !shouldStop(),
                let result = try update(step, recorder, shouldStop: shouldStop)
            else {
                return try stop(writer, recorder)
            }
            state.step = step + 1
            let isBest = try validate(recorder)
            let seconds = (clock.now - started) / .seconds(1)
            let mean = (clock.now - began) / .seconds(1) / Double(step + 1 - firstStep)
            let progress = TrainingProgress(
                step: step + 1, totalSteps: plan.totalSteps,
                epoch: Double(step + 1) / Double(plan.stepsPerEpoch), loss: result.loss,
                learningRate: schedule(step), gradientNorm: result.norm,
                supervisedTokens: result.supervised, tokens: result.tokens, seconds: seconds,
                secondsLeft: mean * Double(plan.totalSteps - step - 1),
                isSkipped: result.isSkipped, validationLoss: recorder.validationLoss,
                secondsWaited: recorder.secondsWaited, features: recorder.featureCounts,
                figures: result.isSkipped ? [] : figures(result.figures, weight: result.weight),
                validationFigures: recorder.validationFigures)
            record(progress, log)
            try takeSamples(answers, log, recorder)
            try report(progress)
            if isBest || (run.saveSteps > 0 && progress.step % run.saveSteps == 0) {
                if parallel != nil { log.drain() }
                try save(writer, recorder)
            }
            recorder.take(writer.takeFailures())
        }
        writer.wait()
        recorder.take(writer.takeFailures())
        try finish(recorder)
        log.drain()
        if let failure = log.failure { note("warning: a log is incomplete: \(failure)") }
        return .completed
    }

    private func record(_ progress: TrainingProgress, _ log: RunLog) {
        guard
            progress.step % run.loggingSteps == 0 || progress.step == plan.totalSteps
                || progress.validationLoss != nil || progress.isSkipped
        else { return }
        let factor = schedule.factor(progress.step - 1)
        let rates = tuning.parts.filter {
            $0.mode != .frozen && $0.learningRate != run.learningRate
        }.map { (group: $0.group, rate: $0.learningRate * factor) }
        log.metrics(progress.json(rates: rates))
        log.scalars(progress.scalars(rates: rates), step: progress.step)
    }

    /// Ends the run early, with a checkpoint of the updates done.
    private func stop(
        _ writer: CheckpointWriter, _ recorder: Recorder
    ) throws -> TrainingOutcome {
        writer.wait()
        recorder.take(writer.takeFailures())
        if let parallel {
            try stopTogether(parallel, recorder)
        } else if state.step > 0, !folder.store.steps().contains(state.step) {
            try writer.writeNow(snapshot())
        }
        return .stopped(step: state.step)
    }

    /// Writes a checkpoint; what goes wrong is recorded and the run goes on.
    private func save(_ writer: CheckpointWriter, _ recorder: Recorder) throws {
        if let parallel {
            try saveTogether(parallel, recorder)
            return
        }
        let snapshot = try snapshot()
        if run.savesInBackground {
            try writer.writeInBackground(snapshot)
        } else {
            do {
                try writer.writeNow(snapshot)
            } catch {
                recorder.take([CheckpointWriter.Failure(step: state.step, message: "\(error)")])
            }
        }
    }

    /// - Parameters:
    ///   - weights: values of what learns, where the model does not hold them.
    ///   - optimizer: the state to write; `nil`: that of this process.
    func snapshot(
        weights: [String: Tensor]? = nil, optimizer written: [(name: String, tensor: Tensor)]? = nil
    ) throws -> CheckpointSnapshot {
        state.recentLosses = spikes.recent
        return CheckpointSnapshot(
            step: state.step, model: model,
            weights: weights
                ?? Dictionary(
                    uniqueKeysWithValues: trainable.compactMap { name in
                        model.store[name].map { (name, $0) }
                    }),
            trained: trainable,
            optimizer: try written ?? optimizer.state + [("generator", try dropout.state())],
            average: holdsWholeState ? average?.state ?? [] : [], state: folder.json(state),
            bestStep: state.best?.step)
    }
}
