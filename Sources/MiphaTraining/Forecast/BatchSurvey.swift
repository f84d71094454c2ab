import MiphaData

/// The micro-batches of a run, as far as its memory depends on them.
struct BatchSurvey {
    /// Updates of the run.
    let totalSteps: Int
    /// Positions of the run without padding.
    let tokens: Int
    /// Images of an epoch.
    let pictures: Int
    /// The updates to go through: all of a short run, else the first, the largest, and one more.
    let updates: [[PlannedBatch]]
    /// Samples of the first micro-batch.
    let first: [SampleShapes.Shape]
    /// The average work of an update.
    let work: Work

    /// The work of a run.
    struct Work {
        let updates: Int
        /// Positions with padding, images and supervised positions of an update.
        let positions: Double
        let pictures: Double
        let supervised: Double
        var validationSamples = 0
    }

    /// Bytes of the prepared samples of each update that was looked at, in order.
    private let bytes: [Int]

    /// Updates that a run may have for all of them to be gone through.
    private static let shortest = 4
    /// Updates that are looked at for the largest one.
    private static let looked = 100_000

    /// - Parameter run: the settings that the plan is made of.
    init(
        _ plan: BatchPlan, _ shapes: SampleShapes, order: @Sendable (Int) -> [Int],
        _ run: RunConfiguration, model: PlannedRunModel
    ) {
        let (packs, imageBytes) = (run.packing, model.imageBytes(run))
        totalSteps = plan.totalSteps
        var (positions, pictures, cost, worst) = (0, 0, 0, 0)
        var (padded, seen, supervised) = (0, 0, 0)
        var bytes: [Int] = []
        var (epoch, samples) = (-1, [Int]())
        func numbers(_ step: Int, rank: Int = 0) -> [[Int]] {
            if plan.epoch(ofStep: step) != epoch {
                epoch = plan.epoch(ofStep: step)
                samples = order(epoch)
            }
            return plan.microBatches(step: step, order: samples, rank: rank)
        }
        let steps = min(plan.totalSteps, Self.looked)
        for step in 0..<steps {
            var sum = 0
            for batch in numbers(step) {
                let own = batch.map { shapes[$0] }
                let planned = PlannedBatch(own, packs: packs)
                padded += planned.positions
                seen += planned.pictures
                supervised += planned.supervised
                sum += own.reduce(0) { $0 + $1.bytes(image: imageBytes) }
                let size = model.cost(of: planned)
                if size > cost { (cost, worst) = (size, step) }
            }
            bytes.append(sum)
            // The smaller last update of an epoch is not shared out evenly.
            for number in (0..<plan.world).flatMap({ numbers(step, rank: $0) }).joined() {
                let shape = shapes[number]
                positions += shape.positions
                if step < plan.stepsPerEpoch { pictures += shape.pictures }
            }
        }
        tokens =
            steps < plan.totalSteps
            ? Int(Double(positions) * Double(plan.totalSteps) / Double(steps)) : positions
        self.pictures = pictures
        self.bytes = bytes
        first = (steps > 0 ? numbers(0).first ?? [] : []).map(shapes.exact)
        let share = 1 / Double(max(1, steps))
        work = Work(
            updates: plan.totalSteps, positions: Double(padded) * share,
            pictures: Double(seen) * share, supervised: Double(supervised) * share)
        let chosen =
            steps <= Self.shortest ? Array(0..<steps) : [0, worst, min(worst + 1, steps - 1)]
        updates = chosen.map { step in
            numbers(step).map { batch in
                PlannedBatch(batch.map(shapes.exact), packs: packs)
            }.filter { $0.supervised > 0 }
        }
    }

    /// The most bytes of samples that stand ready while an update runs: its own, and what fits the
    /// budget of those after it.
    func prefetched(budget: Int) -> Int {
        var most = 0
        var behind = 0
        for own in bytes.reversed() {
            most = max(most, own + min(budget, behind))
            behind += own
        }
        return most
    }

    /// The largest batch of validation data.
    func largest(of shapes: SampleShapes, batchSize: Int) -> PlannedBatch {
        var found = PlannedBatch([], packs: false)
        for start in stride(from: 0, to: shapes.count, by: batchSize) {
            let batch = PlannedBatch(
                (start..<min(start + batchSize, shapes.count)).map { shapes[$0] }, packs: false)
            if batch.positions > found.positions { found = batch }
        }
        return found
    }
}
