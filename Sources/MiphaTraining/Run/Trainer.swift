import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaImaging
public import MiphaModels
import MiphaNN
import MiphaTokenizers
import MiphaTorch

/// One training run, from its start or from a checkpoint to its end.
public final class Trainer {
    /// Where a run starts from.
    public enum Resume: Sendable, Equatable {
        /// From the newest checkpoint of the output folder, if there is one.
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
    /// Learning rate by update.
    public let schedule: LearningRateSchedule
    /// The model that learns.
    public let model: MiphaModel
    /// Names of the parameters that learn.
    public let trainable: [String]
    /// Number of updates that a checkpoint had done already.
    public private(set) var firstStep = 0

    private let folder: RunFolder
    private let loader: BatchLoader
    private let collator: Collator
    private let optimizer: AdamW
    private let dropout: RandomGenerator
    private let isComplete: Bool

    /// Loads model and data and checks that they fit the run.
    ///
    /// - Throws: errors of configs, checkpoints, conversations; `TrainingError` for runs that cannot
    ///   work or a checkpoint that belongs to another run.
    public init(_ run: RunConfiguration, resume: Resume = .auto) throws {
        self.run = run
        folder = RunFolder(run: run)
        let start = Self.start(resume, folder)
        let data = try Self.data(run)
        plan = BatchPlan(
            sampleCount: data.conversations.count, batchSize: run.batchSize,
            accumulation: run.accumulation, seed: run.seed, epochs: run.epochs,
            steps: run.maximumSteps)
        schedule = LearningRateSchedule(
            shape: run.schedule, base: run.learningRate,
            warmupSteps: LearningRateSchedule.warmupSteps(
                ratio: run.warmupRatio, totalSteps: plan.totalSteps), totalSteps: plan.totalSteps)
        isComplete = try resume == .auto && folder.isComplete(totalSteps: plan.totalSteps)
        var model = try MiphaModel(folder: start ?? run.model, dtype: run.dtype, use: .training)
        if run.stage != .text {
            model.config.imageAspectRatio = run.resolvedAspectRatio.rawValue
        }
        try data.requirePictures(side: model.config.vision.imageSize, model: run.model)
        self.model = model
        trainable = try model.store.train { run.stage.trains($0, run) }
        let masters = try Self.masterWeights(run)
        optimizer = try AdamW(
            parameters: trainable.compactMap { name in model.store[name].map { (name, $0) } },
            options: run.optimizer, decays: Self.decays, masters: masters)
        dropout = try RandomGenerator(seed: run.seed)
        loader = BatchLoader(data, plan)
        collator = Collator(
            maskedKeyID: run.attentionMask == .notPad ? data.padID : nil,
            pixelShape: [3, model.config.vision.imageSize, model.config.vision.imageSize])
        if let start {
            let saved = try folder.resume(from: start, samples: data.conversations.count)
            guard (1...max(1, plan.totalSteps)).contains(saved.step) else {
                throw TrainingError(
                    .invalidRun,
                    "\(start)/trainer_state.json: step: expected 1 to \(plan.totalSteps), "
                        + "found \(saved.step)")
            }
            firstStep = saved.step
            try optimizer.restore(saved.tensor)
            try dropout.restore(saved.tensor("generator"))
        }
    }

    /// Runs the updates that are left.
    ///
    /// - Parameters:
    ///   - shouldStop: asked after each update; true writes a checkpoint and ends the run.
    ///   - report: called after each update.
    public func train(
        shouldStop: () -> Bool = { false }, report: (TrainingProgress) throws -> Void = { _ in }
    ) throws -> TrainingOutcome {
        if isComplete { return .alreadyComplete }
        try folder.begin(at: firstStep)
        let log = try MetricsLog(path: "\(run.outputFolder)/metrics.jsonl", resumingAt: firstStep)
        let clock = ContinuousClock()
        let began = clock.now
        for step in firstStep..<plan.totalSteps {
            let started = clock.now
            let result = try update(step)
            let seconds = (clock.now - started) / .seconds(1)
            let mean = (clock.now - began) / .seconds(1) / Double(step + 1 - firstStep)
            let progress = TrainingProgress(
                step: step + 1, totalSteps: plan.totalSteps,
                epoch: Double(step + 1) / Double(plan.stepsPerEpoch), loss: result.loss,
                learningRate: schedule(step), gradientNorm: result.norm,
                supervisedTokens: result.supervised, tokens: result.tokens, seconds: seconds,
                secondsLeft: mean * Double(plan.totalSteps - step - 1))
            if progress.step % run.loggingSteps == 0 || progress.step == plan.totalSteps {
                try log.append(progress)
            }
            try report(progress)
            let stops = shouldStop() && progress.step < plan.totalSteps
            if stops || (run.saveSteps > 0 && progress.step % run.saveSteps == 0) {
                try save(step: progress.step)
            }
            if stops { return .stopped(step: progress.step) }
        }
        try folder.finish(step: plan.totalSteps, samples: plan.sampleCount, model: model)
        return .completed
    }

    private func save(step: Int) throws {
        try folder.save(
            step: step, samples: plan.sampleCount, model: model,
            optimizer: optimizer.state + [("generator", try dropout.state())])
    }

    private struct UpdateResult {
        var loss = 0.0
        var norm = 0.0
        var supervised = 0
        var tokens = 0
    }

    /// Forward and backward over the micro-batches of an update, then one optimiser step.
    private func update(_ step: Int) throws -> UpdateResult {
        let micro = try loader.samples(step: step)
        let counts = micro.map { samples in
            samples.reduce(0) { sum, sample in
                sum
                    + zip(sample.ids, sample.labels).dropFirst().count { id, label in
                        label != MarkerID.ignored && id != MarkerID.image
                    }
            }
        }
        var result = UpdateResult(supervised: counts.reduce(0, +))
        let backward = SegmentedBackward(checkpointing: run.checkpointing)
        for (samples, count) in zip(micro, counts) where count > 0 {
            let chain = try model.lossChain(try collator.batch(samples), dropout: dropout)
            let scale =
                switch run.lossReduction {
                case .token: 1 / Double(result.supervised)
                case .microBatch: 1 / Double(count * micro.count)
                }
            let loss = try backward(chain, scale: scale, trainable: trainable, dropout: dropout)
            guard loss.isFinite else {
                throw TrainingError(
                    .failed, "update \(step + 1): the loss is \(loss); no weight was changed")
            }
            if run.accumulation > 1 { try optimizer.collectGradients() }
            result.loss += loss * scale
            result.tokens += chain.positionCount
        }
        let gradients = try optimizer.gradients()
        result.norm = try Tensor.norm(of: gradients)
        guard result.norm.isFinite else {
            throw TrainingError(
                .failed,
                "update \(step + 1): the norm of the gradients is \(result.norm); "
                    + "no weight was changed")
        }
        if run.maximumGradientNorm > 0 && result.norm > run.maximumGradientNorm {
            let factor = run.maximumGradientNorm / (result.norm + 1e-6)
            for gradient in gradients { try gradient.scale(by: factor) }
        }
        try optimizer.step(learningRate: schedule(step))
        return result
    }
}

extension Trainer {
    /// Folder of the checkpoint to continue from, if any.
    private static func start(_ resume: Resume, _ folder: RunFolder) -> String? {
        switch resume {
        case .never: nil
        case .from(let path): path
        case .auto: folder.checkpointSteps().last.map(folder.checkpointPath)
        }
    }

    /// Biases and norms are not decayed, as in transformers' Trainer.
    private static func decays(_ name: String) -> Bool {
        !name.hasSuffix(".bias") && !name.contains("layernorm") && !name.contains("layer_norm")
    }

    /// Stored float32 values of parameters that learn in a lower precision.
    private static func masterWeights(_ run: RunConfiguration) throws -> (String) throws -> Tensor?
    {
        guard run.dtype != .float32 else { return { _ in nil } }
        let config = try MiphaConfig(folder: run.model)
        let checkpoint = try Checkpoint(folder: run.model)
        let keys = try config.layout.dialect(of: checkpoint)
        return { name in
            guard let external = keys.external(name), let (file, entry) = checkpoint.find(external)
            else { return nil }
            return try Tensor.mapped(entry, of: file).to(dtype: .float32).cloned()
        }
    }

    private static func data(_ run: RunConfiguration) throws -> TrainingDataSet {
        let tokenizer = try Tokenizer(folder: run.model)
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: ChatTemplate.named(run.resolvedTemplate),
            options: EncodingOptions(
                labels: run.labelPolicy == .offsets ? .offsets : .reference,
                maximumLength: run.maximumLength))
        let processor =
            try run.stage == .text
            ? nil : ImageProcessor(contentsOf: "\(run.model)/preprocessor_config.json")
        return try TrainingDataSet(
            files: run.dataFiles, imageFolder: run.imageFolder, encoder: encoder,
            processor: processor, aspectRatio: run.resolvedAspectRatio)
    }
}

extension RunConfiguration {
    var resolvedAspectRatio: ImageAspectRatio { aspectRatio ?? (stage == .align ? .square : .pad) }
    var resolvedTemplate: String { template ?? (stage == .align ? "plain" : "phi") }
}
