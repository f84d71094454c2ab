import MiphaChat
import MiphaData
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels

/// The samples of a run.
struct TrainingData {
    /// The samples to learn from.
    let training: TrainingDataSet
    /// The data for the validation loss.
    let validation: TrainingDataSet?
    /// The number of times an epoch shows each training sample.
    private let mixture: Mixture
    /// The rows of a packed run with a budget of positions.
    private let packs: PackingPlan?
    /// Words of each sample to learn from, and whether it has images.
    private let shapes: [(words: Int32, hasPictures: Bool)]

    /// Indexes a run's files.
    ///
    /// - Parameters:
    ///   - folder: the model that the run starts from.
    ///   - note: receives the progress of a longer pass now and then.
    /// - Throws: `FolderError` for parts of the folder that do not fit each other, before a sample
    ///   is read; `ChatError` naming file and item; `DataError` for weights that make no epoch;
    ///   `TrainingError` when there is nothing to learn from, a text stage has images, or a sample
    ///   is longer than a packed row.
    init(
        _ run: RunConfiguration, _ folder: ModelFolder,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let template = try run.template(of: folder)
        try template.checkEnd()
        let text = try TextParts(folder, template: template)
        let encoder = try ConversationEncoder(
            tokenizer: text.tokenizer, template: template,
            options: EncodingOptions(
                labels: run.labelPolicy == .offsets ? .offsets : .reference,
                maximumLength: run.maximumLength))
        let preparer = try Self.preparer(run, folder)
        for line in try Self.notes(run, folder, text) { note(line) }
        func read(_ files: [String]) throws -> (index: SampleIndex, data: TrainingDataSet) {
            let index = try SampleIndex(
                files.map { ConversationSource(file: $0, imageFolder: run.imageFolder) },
                form: run.stage.form, faults: run.badSamples == .fail ? .refuse : .keep)
            try Self.check(index, takesPictures: preparer != nil)
            if let keys = index.unknownKeyNote { note("warning: \(keys)") }
            return (index, TrainingDataSet(index, encoder: encoder, preparer: preparer))
        }
        let (index, all) = try read(run.dataFiles)
        let numbers: [Int]
        if run.validationSplit > 0 {
            let parts = try all.split(holdingOut: run.validationSplit, seed: run.seed)
            (training, validation) = (all.part(parts.training), all.part(parts.validation))
            numbers = parts.training
        } else {
            training = all
            validation = try run.validationFiles.isEmpty ? nil : read(run.validationFiles).data
            numbers = Array(0..<index.count)
        }
        shapes =
            run.samplingOrder == .plain
            ? []
            : numbers.map { (Int32(clamping: index.wordCount($0)), index.pictureCount($0) > 0) }
        let mixture = try Self.mixture(run, index, numbers)
        self.mixture = mixture
        packs = try run.packingBudget.map {
            try Self.packs(
                run, index, numbers, mixture, encoder, patches: folder.config.tokensPerImage,
                budget: $0, note)
        }
    }

    private static func check(_ index: SampleIndex, takesPictures: Bool) throws {
        guard !takesPictures, index.textOnlyCount < index.count,
            let pictured = (0..<index.count).first(where: { index.pictureCount($0) > 0 })
        else { return }
        throw TrainingError(
            .invalidRun, "\(index.place(of: pictured)) has an image, but this run takes none")
    }

    /// The files by their weights; `numbers` are those of the samples to learn from, rising.
    private static func mixture(
        _ run: RunConfiguration, _ index: SampleIndex, _ numbers: [Int]
    ) throws -> Mixture {
        guard !run.dataWeights.isEmpty else {
            return try Mixture(counts: [numbers.count], weights: [1], seed: run.seed)
        }
        var counts = [Int](repeating: 0, count: index.files.count)
        var file = 0
        for number in numbers {
            while number >= index.files[file].samples.upperBound { file += 1 }
            counts[file] += 1
        }
        return try Mixture(counts: counts, weights: run.dataWeights, seed: run.seed)
    }

    /// Rows that hold an epoch's samples, the same in every epoch.
    private static func packs(
        _ run: RunConfiguration, _ index: SampleIndex, _ numbers: [Int], _ mixture: Mixture,
        _ encoder: ConversationEncoder, patches: Int, budget: Int,
        _ note: @escaping @Sendable (String) -> Void
    ) throws -> PackingPlan {
        let progress = PassProgress(
            "packing_budget: samples measured", count: index.count, note: note)
        let measured = try TokenLengths(
            index, encoder: encoder, patches: patches,
            threads: run.loaderThreads, keepsFailures: run.badSamples != .fail,
            progress: { progress.update($0) })
        let lengths = numbers.map { measured.lengths[$0] }
        let samples = mixture.samples(epoch: 0)
        if let long = samples.first(where: { Int(lengths[$0]) > budget }) {
            throw TrainingError(
                .invalidRun,
                "\(index.place(of: numbers[long])): expected at most \(budget) positions, "
                    + "packing_budget, found \(lengths[long]); raise packing_budget, or lower "
                    + "model_max_length, which cuts texts")
        }
        // Neighbours in a file, often of one image, would share rows.
        var generator = SplitMix64(seed: run.seed &+ 0x5041_434B_524F_5753)
        return try PackingPlan(
            order: generator.permutation(samples.count).map { samples[$0] }, lengths: lengths,
            capacity: budget)
    }

    /// Samples, or packed rows, of an epoch.
    var rows: Int { packs?.count ?? mixture.count }

    /// The samples that each update learns from; no update is left where all samples are dropped.
    func plan(_ run: RunConfiguration, world: Int) -> BatchPlan {
        BatchPlan(
            sampleCount: rows, batchSize: run.batchSize,
            accumulation: run.accumulation, world: world, seed: run.seed, epochs: run.epochs,
            steps: run.maximumSteps, packs: packs, end: run.resolvedEpochEnd)
    }

    /// The plan of a run that has updates.
    ///
    /// - Throws: `TrainingError` when all samples are dropped.
    func requiredPlan(_ run: RunConfiguration, world: Int) throws(TrainingError) -> BatchPlan {
        let plan = plan(run, world: world)
        guard plan.stepsPerEpoch > 0 else {
            throw TrainingError(
                .invalidRun,
                "dataloader_drop_last: true: expected at least \(plan.updateSize) "
                    + "\(plan.unit) in an epoch, as many as an update has (\(plan.updateShape)), "
                    + "found \(rows): no update would be left; make updates smaller, or set it to "
                    + "false")
        }
        return plan
    }

    /// The order of the samples, or rows, in each epoch.
    func order(_ run: RunConfiguration, world: Int) throws -> @Sendable (Int) -> [Int] {
        let mixture =
            try packs.map { try Mixture(counts: [$0.count], weights: [1], seed: run.seed) }
            ?? mixture
        let sampler = EpochSampler(
            lengths: shapes.map(\.words), hasPictures: shapes.map(\.hasPictures),
            mixture: mixture, order: run.samplingOrder, batchSize: run.batchSize,
            accumulation: run.accumulation, world: world, seed: run.seed)
        return { sampler.samples(epoch: $0) }
    }
}
