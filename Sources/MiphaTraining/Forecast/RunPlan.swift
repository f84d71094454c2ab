import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaFolders
import MiphaModels
import MiphaNN
public import MiphaTorch

/// A prediction of what a run will do and need, made before any weight is read.
///
/// Configs, headers of weight files, tokenizer and conversations are read. Of several processes the
/// memory of the first is predicted, which also collects what is written. The device of the run need
/// not be here.
public struct RunPlan {
    /// The settings.
    public let run: RunConfiguration
    /// Where each process's model is to be.
    public let device: Device
    /// A table of the trainable parts, and the adapters.
    public let table: [String]
    /// Number of samples of an epoch.
    public let sampleCount: Int
    /// Updates of the run.
    public let totalSteps: Int
    /// The updates in words: how many, of how many samples, on how many processes.
    let updates: String
    /// Notes about unusual settings: samples that are not shown, rates of 0, settings without an
    /// influence.
    public let notes: [String]
    /// Passes over the data.
    public let epochs: Double
    /// Updates in which the learning rate grows.
    public let warmupSteps: Int
    /// Positions of all micro-batches, images included, without padding.
    public let tokens: Int
    /// Whether ``tokens`` is counted; else the lengths of some samples were, and all words.
    public let tokensAreCounted: Bool
    /// The predicted memory of one process, the first of several.
    public let memory: MemoryPlan
    /// The files that the run writes.
    public let disk: DiskPlan

    let model: PlannedRunModel
    private let data: TrainingData
    private let survey: BatchSurvey
    private let shapes: SampleShapes
    private let validationShapes: SampleShapes?
    private let order: @Sendable (Int) -> [Int]
    private let base: Int
    let world: Int
    /// The number of processes that run on this machine.
    let processesHere: Int

    /// What the processes on this machine take together.
    var share: MachineShare { MachineShare(device: device, processes: processesHere) }
    /// Bytes that the processes which share what ``memory`` is about take at most.
    public var peakBytesHere: Int { share.bytes(memory) }
    /// Bytes of main memory that all processes on this machine take at most.
    var hostBytesHere: Int { (memory.hostBytes ?? memory.peak.bytes) * processesHere }

    /// Plans a run.
    ///
    /// - Parameters:
    ///   - device: where the model is to be.
    ///   - world: processes that share the run.
    ///   - processesHere: those of them on this machine; `nil`: all.
    ///   - base: bytes of a process that has read the run's data; `nil` measures this one.
    ///   - note: receives the progress of a longer pass over the data.
    /// - Throws: what ``Trainer`` throws for a run that cannot work.
    public init(
        _ run: RunConfiguration, on device: Device, world: Int = 1, processesHere: Int? = nil,
        base: Int? = nil, note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(
            run, on: device, world: world, processesHere: processesHere, base: base,
            countingUpTo: SampleShapes.exactLimit, note: note)
    }

    /// - Parameter limit: the most samples whose lengths are all counted.
    package init(
        _ run: RunConfiguration, on device: Device, world: Int = 1, processesHere: Int? = nil,
        base: Int? = nil, countingUpTo limit: Int,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try run.validate(worldSize: world)
        self.run = run
        self.device = device
        self.world = world
        self.processesHere = processesHere ?? world
        let folder = try run.openModel()
        let found = try TrainingData(run, folder, note: note)
        // Before samples are encoded: training does that beside what it holds.
        self.base = base ?? MachineMemory.residentBytes() ?? Self.usualBase
        model = try PlannedRunModel(run, folder, needsFiles: false)
        let patches = run.stage.takesPictures ? model.config.tokensPerImage : 0
        shapes = try SampleShapes(
            found.training, patches: patches, limit: limit)
        validationShapes = try found.validation.map { try SampleShapes($0, patches: patches) }
        order = try found.order(run, world: world)
        data = found
        let plan = try found.requiredPlan(run, world: world)
        sampleCount = plan.packs?.sampleCount ?? plan.sampleCount
        totalSteps = plan.totalSteps
        epochs = plan.epochs(after: plan.totalSteps)
        updates = plan.updateDescription(of: plan.unit)
        let schedule = LearningRateSchedule(run, totalSteps: plan.totalSteps)
        warmupSteps = schedule.warmupSteps
        let tuning = try TrainingPlan(run)
        notes = RunNotes(run, plan, schedule, tuning).lines + model.notes(run)
        table = tuning.table(model.dry, trainable: model.trainable) + tuning.adapterLines(model.dry)
        survey = BatchSurvey(plan, shapes, order: order, run, model: model)
        tokens = survey.tokens
        tokensAreCounted = shapes.isExact
        memory = try Self.memory(
            run, device, world, model, survey, validation: validationShapes, base: self.base)
        disk = DiskPlan(
            run, on: device, model, totalSteps: plan.totalSteps, pictures: survey.pictures)
    }

    /// Bytes of a process before it loads a model, where they cannot be measured.
    private static let usualBase = 200 << 20

    /// Measures a part of a step with random weights and scales it to the run.
    ///
    /// - Returns: `nil` when the first samples have nothing to learn.
    /// - Throws: `TensorError`.
    public func time() throws -> TimePlan? {
        var work = survey.work
        work.validationSamples = validationShapes?.count ?? 0
        return try SpeedProbe(run, on: device, model, samples: survey.first)
            .measure(work, learning: model.learningCount)
    }

    /// The memory of the same data and model under other settings.
    ///
    /// - Throws: what the passes throw.
    public func memory(of other: RunConfiguration) throws -> MemoryPlan {
        try memory(of: other, survey(of: other))
    }

    /// The micro-batches of the same data under other sizes of them.
    func survey(of other: RunConfiguration) -> BatchSurvey {
        BatchSurvey(
            data.plan(other, world: world), shapes, order: order, other, model: model)
    }

    func memory(of other: RunConfiguration, _ survey: BatchSurvey) throws -> MemoryPlan {
        try Self.memory(
            other, device, world, model, survey, validation: validationShapes, base: base)
    }

    private static func memory(
        _ run: RunConfiguration, _ device: Device, _ world: Int, _ model: PlannedRunModel,
        _ survey: BatchSurvey,
        validation: SampleShapes?, base: Int
    ) throws -> MemoryPlan {
        var facts = model.facts(run, on: device, world: world)
        facts.updates = survey.updates
        facts.prefetched = survey.prefetched(budget: run.prefetchMebibytes << 20)
        facts.copiesCheckpoint =
            run.savesInBackground && DiskPlan.checkpointsMade(run, survey.totalSteps) > 0
        facts.updatesBesideCheckpoint =
            run.saveSteps > 0 && run.saveSteps < survey.totalSteps
            || run.keepsBest && run.evaluationSteps < survey.totalSteps
        facts.validation = validation.map { survey.largest(of: $0, batchSize: run.batchSize) }
        facts.base = base
        return try MemorySimulation(facts).run()
    }
}
