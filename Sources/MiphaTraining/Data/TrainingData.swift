import MiphaChat
import MiphaData
import MiphaImaging
import MiphaTokenizers

/// The samples of a run.
struct TrainingData {
    /// The samples to learn from.
    let training: TrainingDataSet
    /// Those for the validation loss.
    let validation: TrainingDataSet?
    /// Words of each sample to learn from, and whether it has pictures.
    private let shapes: [(words: Int32, hasPictures: Bool)]

    /// Indexes a run's files.
    ///
    /// - Throws: `ChatError` naming file and item; `TrainingError` when there is nothing to learn from
    ///   or a text stage has pictures.
    init(_ run: RunConfiguration) throws {
        let tokenizer = try Tokenizer(folder: run.model)
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: ChatTemplate.named(run.resolvedTemplate),
            options: EncodingOptions(
                labels: run.labelPolicy == .offsets ? .offsets : .reference,
                maximumLength: run.maximumLength))
        let processor =
            try run.stage.takesPictures
            ? ImageProcessor(contentsOf: "\(run.model)/preprocessor_config.json") : nil
        func read(_ files: [String]) throws -> (index: SampleIndex, data: TrainingDataSet) {
            let index = try SampleIndex(
                files.map { ConversationSource(file: $0, imageFolder: run.imageFolder) },
                form: run.stage.form, faults: run.badSamples == .fail ? .refuse : .keep)
            try Self.check(index, takesPictures: processor != nil)
            let data = TrainingDataSet(
                index, encoder: encoder, processor: processor,
                aspectRatio: run.resolvedAspectRatio)
            return (index, data)
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
    }

    private static func check(_ index: SampleIndex, takesPictures: Bool) throws {
        guard !takesPictures, index.textOnlyCount < index.count,
            let pictured = (0..<index.count).first(where: { index.pictureCount($0) > 0 })
        else { return }
        throw TrainingError(
            .invalidRun, "\(index.place(of: pictured)) has a picture, but this run takes none")
    }

    /// The order of the samples in each epoch.
    func order(_ run: RunConfiguration, world: Int) throws -> @Sendable (Int) -> [Int] {
        let sampler = EpochSampler(
            lengths: shapes.map(\.words), hasPictures: shapes.map(\.hasPictures),
            mixture: try Mixture(counts: [training.count], weights: [1], seed: run.seed),
            order: run.samplingOrder, batchSize: run.batchSize, accumulation: run.accumulation,
            world: world, seed: run.seed)
        return { sampler.samples(epoch: $0) }
    }
}
