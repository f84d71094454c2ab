import Foundation
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining

/// Runs `body` once for every rank of a group, each rank on a thread of its own with one core.
func inGroup<Result: Sendable>(
    _ count: Int, timeout: Double = 60,
    _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
    let store = try RendezvousStore()
    let port = store.port
    return try withExtendedLifetime(store) {
        try onRanks(count) { rank in
            try Engine.setThreadCount(1)
            return try body(
                ProcessGroup(
                    RankEnvironment(
                        rank: rank, worldSize: count, port: port, usesLauncherStore: true,
                        timeout: timeout)))
        }
    }
}

/// Runs `body` on a thread of its own with one core, as the ranks of a group run.
///
/// The number of cores decides the order of sums.
func alone<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    try onRanks(1) { _ in
        try Engine.setThreadCount(1)
        return try body()
    }[0]
}

/// Ten updates of the tiny model on six rows each, by one process or several.
struct RankJob: Sendable {
    var mode = ShardingMode.none
    /// Micro-batches of one process in an update.
    var accumulation = 1
    var checkpointing = false
    var steps = 10
    /// The update that rank 1 does not begin.
    var failingStep: Int?
    /// Which parameters learn.
    var trains: @Sendable (String) -> Bool = { _ in true }
    /// Whether every second row has no image.
    var mixesText = false

    /// What a process ends with.
    struct Outcome: Sendable {
        var weights: [String: [Float]] = [:]
        var norms: [Double] = []
        var losses: [Double] = []
        var peakBytes = 0
        var predictedBytes = 0
        var stateBytes = 0
        /// Weights that the ranks share out.
        var sharedBytes = 0
    }

    static let rows = 12

    /// The rows of one update.
    func rows(_ tiny: TinyModel, step: Int) throws -> [MiphaBatch] {
        try (0..<Self.rows).map { row in
            try tiny.batch(
                answers: [1 + (row + step) % 5], pictures: !mixesText || row % 2 == 0,
                seed: UInt64(100 * step + row))
        }
    }

    /// The model before the first update.
    func model() throws -> TinyModel {
        let tiny = try TinyModel(dropout: 0)
        // Vectors that start at zero would be nothing but steps, whose rounding Adam magnifies.
        let generator = try RandomGenerator(seed: 3)
        for (_, tensor) in tiny.model.store.parameters where tensor.rank == 1 {
            try tensor.accumulate(
                .normal(
                    tensor.shape, deviation: 0.1, generator: generator, device: .underTest))
        }
        return tiny
    }

    /// A process's share of an update's rows, by micro-batch.
    private func microBatches(of rows: [MiphaBatch], rank: Int, world: Int) -> [[MiphaBatch]] {
        let perMicro = Self.rows / (world * accumulation)
        return (0..<accumulation).map { index in
            let first = (index * world + rank) * perMicro
            return Array(rows[first..<first + perMicro])
        }
    }

    /// Trains and returns all weights.
    func run(_ group: ProcessGroup?) throws -> Outcome {
        let tiny = try model()
        let trainable = try tiny.model.store.train(where: trains)
        let parameters = trainable.compactMap { name in
            tiny.model.store[name].map { (name: name, tensor: $0) }
        }
        let frozen = tiny.model.store.parameters.filter { !trainable.contains($0.name) }
        let parallel = try group.map {
            try DataParallel(
                $0, mode: mode, segments: tiny.model.segmentPlaces(),
                places: tiny.model.store.places, parameters: parameters,
                frozen: frozen)
        }
        let optimizer = try AdamW(
            parameters: parallel?.pieces ?? parameters,
            groups: {
                AdamW.Group(learningRate: 1, weightDecay: $0.hasSuffix(".bias") ? 0 : 0.01)
            })
        let (rank, world) = (group?.rank ?? 0, group?.worldSize ?? 1)
        var outcome = Outcome()
        for step in 0..<steps {
            if step == failingStep && rank == 1 { throw CancellationError() }
            let all = try rows(tiny, step: step)
            let micro = microBatches(of: all, rank: rank, world: world)
            let own = micro.joined().reduce(0) { $0 + $1.supervisedCount }
            let count = try parallel?.sum([Double(own)])[0] ?? Double(own)
            var loss = 0.0
            for (index, batches) in micro.enumerated() {
                // Rows without images go alone, so that their chain has no tower.
                let passes = mixesText ? batches : [try MiphaBatch(joining: batches)]
                for (row, batch) in passes.enumerated() {
                    let isLast = index == micro.count - 1 && row == passes.count - 1
                    parallel?.begin(isLast: isLast)
                    let chain = try tiny.model.lossChain(batch, dropout: nil)
                    loss += try SegmentedBackward(checkpointing: checkpointing)(
                        chain, scale: 1 / count, observer: parallel)
                }
            }
            try parallel?.finishGradients()
            let gradients = try optimizer.gradients()
            let norm = try parallel?.norm(of: gradients) ?? Tensor.norm(of: gradients)
            outcome.norms.append(norm)
            outcome.losses.append(try parallel?.sum([loss / count])[0] ?? loss / count)
            if norm > 1 {
                for gradient in gradients { try gradient.scale(by: 1 / norm) }
            }
            try optimizer.step(learningRate: 1e-3)
            try parallel?.finishStep()
        }
        outcome.peakBytes = parallel?.peakBytes ?? 0
        try parallel?.gatherWeights()
        for (name, tensor) in tiny.model.store.parameters {
            outcome.weights[name] = try tensor.values(as: Float.self)
        }
        try parallel?.releaseWeights()
        outcome.sharedBytes = parallel?.layout.parameterBytes ?? 0
        outcome.predictedBytes = parallel?.layout.predictedBytes(mode, worldSize: world) ?? 0
        outcome.stateBytes = optimizer.state.reduce(0) { $0 + $1.tensor.byteCount }
        return outcome
    }
}

extension MiphaBatch {
    /// The rows of several batches, all with images.
    init(joining batches: [MiphaBatch]) throws {
        self.init(
            ids: batches.flatMap(\.ids), labels: batches.flatMap { $0.labels ?? [] },
            pixels: try .concatenating(batches.compactMap(\.pixels), along: 0))
    }
}

/// Largest distance between equally named tensors, relative to the norm of the expected one.
///
/// The biases of keys are left out: softmax does not see a shift of all scores, so that their true
/// gradient is zero (but for rotated features) and Adam makes steps of rounding noise.
func largestDistance(
    _ found: [String: [Float]], _ expected: [String: [Float]]
) -> (name: String, distance: Double) {
    guard Set(found.keys) == Set(expected.keys) else { return ("names", .infinity) }
    var worst = (name: "", distance: 0.0)
    for (name, values) in expected where !name.hasSuffix("k_proj.bias") {
        let own = found[name] ?? []
        let distance = own == values ? 0 : relativeDistance([name: own], [name: values])
        if !(distance <= worst.distance) { worst = (name, distance) }
    }
    return worst
}

extension RunConfiguration {
    /// The same run with changes.
    func with(_ change: (inout RunConfiguration) -> Void) -> RunConfiguration {
        var changed = self
        change(&changed)
        return changed
    }
}

/// How far sums over all ranks may be from those of one, relative.
///
/// On a device the norm of the gradients is a sum in float32, in an order that follows the shards; the
/// factor that clips them differs in its last bits, and so do the weights.
let roundingOfSums = Device.underTest.isAccelerator ? 1e-5 : 1e-12

/// Runs on several ranks to the end, or to `limit` updates, and returns what rank 0 reported.
func train(
    _ run: RunConfiguration, world: Int, stoppingAfter limit: Int? = nil
) throws -> [TrainingProgress] {
    guard world > 1 else { return try alone { try progress(run, stoppingAfter: limit) } }
    return try inGroup(world) { group in
        var reports: [TrainingProgress] = []
        let trainer = try Trainer(run, group: group)
        // Only rank 0 is asked to stop; the others hear of it.
        _ = try trainer.train(
            shouldStop: { limit.map { reports.count >= $0 } ?? false && group.rank == 0 },
            report: { reports.append($0) })
        return reports
    }[0]
}
