import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

/// The duration of a run, from a measured part of a step.
public struct TimePlan: Sendable, Equatable {
    /// Seconds of one update.
    public let secondsPerUpdate: Double
    /// Seconds of all updates and validation losses.
    public let seconds: Double
    /// Seconds that measuring took.
    public let probeSeconds: Double
}

/// One tower block, one decoder block and a part of the head at their true width, with random
/// weights: trained on samples of the run's own lengths and scaled up to all blocks and all
/// samples.
///
/// Attention grows with the square of the positions and is scaled as if it grew with them; waits
/// for the loader and checkpoints are not in it.
struct SpeedProbe {
    /// Positions that are measured at most.
    private static let positions = 1024
    /// Rows of the head that are measured at most.
    private static let classes = 8192

    /// Seconds of segments by the places that they read; a place that several read (the table of
    /// embeddings, where the head is tied to it) stands for the lowest of them.
    private final class Clock: SegmentObserver {
        var forward: [ParameterPlace: Double] = [:]
        var backward: [ParameterPlace: Double] = [:]
        private var seen: Set<ParameterPlace> = []
        private let clock = ContinuousClock()
        private let device: Device
        private var started = ContinuousClock.now

        init(_ device: Device) {
            self.device = device
        }

        func willRun(_ segment: Segment) { started = clock.now }
        func didRun(_ segment: Segment) throws {
            let seconds = try seconds
            for place in segment.places where seen.insert(place).inserted {
                forward[place] = seconds
            }
        }
        func willRunBackward(_ segment: Segment) { started = clock.now }
        func didRunBackward(_ segment: Segment) throws {
            let seconds = try seconds
            for place in segment.places { backward[place] = seconds }
        }
        func didEndPass() { seen = [] }
        private var seconds: Double {
            get throws {
                try device.synchronize()
                return (clock.now - started) / .seconds(1)
            }
        }
    }

    let run: RunConfiguration
    let device: Device
    let config: MiphaConfig
    let samples: [SampleShapes.Shape]

    init(
        _ run: RunConfiguration, on device: Device, _ model: PlannedRunModel,
        samples: [SampleShapes.Shape]
    ) {
        self.run = run
        self.device = device
        config = model.config
        var positions = 0
        self.samples = samples.filter { sample in
            guard sample.supervised > 0, positions == 0 || positions < Self.positions else {
                return false
            }
            positions += sample.positions
            return true
        }
    }

    /// Measures; `nil` without a sample to learn from.
    func measure(_ work: BatchSurvey.Work, learning: Int) throws -> TimePlan? {
        guard !samples.isEmpty else { return nil }
        let began = ContinuousClock.now
        let model = try smallModel()
        let plan = try TrainingPlan(smallRun)
        let names = try plan.trainable(in: model)
        let chosen = Set(names)
        try model.store.train(where: chosen.contains)
        let parameters = names.compactMap { name in
            model.store[name].map { (name: name, tensor: $0) }
        }
        let optimizer = try AdamW(
            parameters: parameters, options: run.optimizer, moments: run.moments)
        let clock = Clock(device)
        var step = 0.0
        for _ in 0..<2 {  // the first pass compiles kernels
            let chain = try model.lossChain(batch(), dropout: nil)
            _ = try SegmentedBackward(checkpointing: run.checkpointing)(
                chain, scale: 1, observer: clock)
            let started = ContinuousClock.now
            try optimizer.step(learningRate: 0)
            try device.synchronize()
            step = (ContinuousClock.now - started) / .seconds(1)
        }
        let elements = parameters.reduce(0) { $0 + $1.tensor.elementCount }
        let update = seconds(clock, work) + step * Double(learning) / Double(max(1, elements))
        return TimePlan(
            secondsPerUpdate: update,
            seconds: update * Double(work.updates) + validation(clock, work),
            probeSeconds: (ContinuousClock.now - began) / .seconds(1))
    }

    /// Seconds of the passes of an update.
    private func seconds(_ clock: Clock, _ work: BatchSurvey.Work) -> Double {
        let tower = blocks(.tower, config.vision.usedLayerCount)
        let language = blocks(.language, config.language.layerCount)
        let positions = Double(samples.reduce(0) { $0 + $1.positions })
        let pictures = Double(max(1, samples.reduce(0) { $0 + $1.pictures }))
        let supervised = Double(samples.reduce(0) { $0 + $1.supervised })
        func both(
            _ part: ModelPart, _ depth: ParameterDepth = .input,
            _ count: (forward: Double, backward: Double) = (1, 1)
        ) -> Double {
            let place = ParameterPlace(part, depth)
            return (clock.forward[place] ?? 0) * count.forward
                + (clock.backward[place] ?? 0) * count.backward
        }
        let heads = Double(config.language.vocabularySize) / Double(classes)
        return (both(.tower) + both(.tower, .block(0), tower)) * work.pictures / pictures
            + (both(.language) + both(.language, .block(0), language)) * work.positions / positions
            + both(.language, .output) * heads * work.supervised / supervised
    }

    /// Seconds of the validation losses of the run.
    private func validation(_ clock: Clock, _ work: BatchSurvey.Work) -> Double {
        guard work.validationSamples > 0 else { return 0 }
        let times = work.updates / run.evaluationSteps + 1
        let own = Double(samples.count)
        func block(_ part: ModelPart) -> Double {
            clock.forward[ParameterPlace(part, .block(0))] ?? 0
        }
        let tower = block(.tower) * Double(config.vision.usedLayerCount)
        let language = block(.language) * Double(config.language.layerCount)
        return (tower + language) / own * Double(work.validationSamples * times)
    }

    /// The number of blocks that run forward and backward; a frozen block that gradients pass costs
    /// half.
    private func blocks(
        _ group: ModelPart, _ count: Int
    ) -> (forward: Double, backward: Double) {
        guard case .last(let last)? = (try? TrainingPlan(run))?[group].mode else {
            return (Double(count), Double(count))
        }
        let passes = group == .language && run.stage.takesPictures
        return (
            Double(count),
            Double(min(last, count)) + (passes ? 0.5 * Double(max(0, count - last)) : 0)
        )
    }

    private var classes: Int { min(Self.classes, config.language.vocabularySize) }

    /// The run with no more blocks to train than the small model has.
    private var smallRun: RunConfiguration {
        var run = run
        for group in ModelPart.allCases {
            guard case .last? = run.tune[group] else { continue }
            run.tune[group] = .last(1)
        }
        return run
    }

    private func smallModel() throws -> MiphaModel {
        var small = config
        small.vision = config.vision.shrunk(blocks: 2)
        small.language = config.language.shrunk(blocks: 1, vocabulary: classes)
        let plan = try TrainingPlan(run)
        return try MiphaModel(
            small,
            source: InitializerSource(
                generator: RandomGenerator(seed: 1), dtype: run.dtype, device: device),
            adapters: plan.adapters(run), quantization: plan.quantization(run))
    }

    private func batch() throws -> MiphaBatch {
        var ids: [[Int]] = []
        var labels: [[Int]] = []
        for sample in samples {
            let words = (0..<sample.words).map { ($0 * 7919 + 11) % classes }
            let row = Array(repeating: MarkerID.image, count: sample.pictures) + words
            ids.append(row)
            let first = row.count - min(sample.supervised, max(0, row.count - 1))
            labels.append(row.enumerated().map { $0 < first ? MarkerID.ignored : $1 })
        }
        let pictures = samples.reduce(0) { $0 + $1.pictures }
        let pixels =
            pictures == 0
            ? nil
            : try Tensor.normal(
                [pictures] + config.vision.inputs.sizes,
                generator: RandomGenerator(seed: 2))
        return MiphaBatch(ids: ids, labels: labels, pixels: pixels)
    }
}
