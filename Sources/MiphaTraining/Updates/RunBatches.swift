import MiphaData
import MiphaImaging
import MiphaModels
import MiphaTorch

/// The samples of a run, and the batches that are made of them.
struct RunBatches {
    /// The samples that each update learns from.
    let plan: BatchPlan
    /// The samples to learn from.
    let training: TrainingDataSet
    /// The data for the validation loss.
    let validation: TrainingDataSet?
    /// Reads the samples of updates ahead.
    let loader: BatchLoader
    /// The tower's features, when it is frozen; `nil` where it learns or is not used.
    let features: FeatureStore?
    /// The samples of an epoch in order.
    private let order: @Sendable (Int) -> [Int]
    private let collator: Collator
    private let loading: SampleLoader.Settings
    private let batchSize: Int
    private let rank: Int
    private let world: Int

    /// - Parameter learner: the process whose batches these are.
    init(
        _ data: TrainingData, _ plan: BatchPlan, _ start: StartModel, _ learner: Learner
    ) throws {
        let run = start.run
        (rank, world) = (learner.rank, learner.world)
        (batchSize, loading) = (run.batchSize, run.loading)
        self.plan = plan
        order = try data.order(run, world: world)
        features =
            try start.tuning.keepsFeatures(in: run.stage)
            ? FeatureStore(
                folder: run.featureFolder, budget: Int(run.featureGibibytes * 1_073_741_824),
                model: learner.model, writers: world) : nil
        training = data.training.asking(features?.lookup)
        validation = data.validation?.asking(features?.lookup)
        loader = BatchLoader(training, plan, order: order, rank: rank, settings: loading)
        collator = Collator(
            maskedKeyID: run.attentionMask == .notPad ? training.padID : nil, packs: run.packing)
    }

    /// Images that were decoded so far for samples to learn from.
    var decodedImages: Int { training.preparer?.decodings.count ?? 0 }

    /// The data set of a part.
    subscript(part: DataPart) -> TrainingDataSet? {
        switch part {
        case .training: training
        case .validation: validation
        }
    }

    /// A batch of samples: with the features of their images where the tower is frozen, else with
    /// their pixels.
    func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        try collator.batch(samples, features: features)
    }

    /// Ids of the samples of an update.
    ///
    /// - Parameter ranks: the processes concerned; `nil`: all.
    func names(step: Int, of ranks: [Int]?) -> [String] {
        let order = order(plan.epoch(ofStep: step))
        return (ranks ?? Array(0..<plan.world)).flatMap { rank in
            plan.microBatches(step: step, order: order, rank: rank).joined().map(training.name)
        }
    }

    /// Reads this process's batches of a data set; all processes have the same number, some of them
    /// empty.
    func loader(of data: TrainingDataSet) -> SampleLoader {
        let (rank, world, size) = (rank, world, batchSize)
        return SampleLoader(data, settings: loading) { number in
            guard number * size * world < data.count else { return nil }
            let start = min((number * world + rank) * size, data.count)
            return Array(start..<min(start + size, data.count))
        }
    }
}
