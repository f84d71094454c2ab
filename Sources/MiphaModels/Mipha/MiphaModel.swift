import MiphaCheckpoints
public import MiphaNN
public import MiphaTorch

/// A vision tower, a projector and a language model: pixels and ids in, logits out.
public struct MiphaModel {
    /// The config that the model was built from.
    public var config: MiphaConfig
    /// All parameters by their official names.
    public let store: ParameterStore
    /// The vision tower.
    public let tower: any VisionTower
    /// The projector.
    public let projector: Projector
    /// The language model.
    public let language: any LanguageModel

    /// Builds the model from a source of parameters.
    ///
    /// - Parameters:
    ///   - adapters: which linear layers get a low-rank adapter.
    ///   - quantization: which linear layers keep their frozen weights quantised.
    /// - Throws: `ParameterError` listing all missing and unexpected names, or naming the first
    ///   parameter of a wrong shape.
    public init(
        _ config: MiphaConfig, source: any ParameterSource, adapters: AdapterPlan? = nil,
        quantization: QuantizationPlan? = nil
    ) throws {
        let store = ParameterStore(source: source, adapters: adapters, quantization: quantization)
        tower = try config.vision.tower(in: store.scope(.tower)["model"])
        projector = try Projector(
            store.scope(.projector)["model"]["mm_projector"], config.projector,
            grid: config.vision.grid)
        language = try config.language.model(store.scope(.language))
        try store.finish()
        self.config = config
        self.store = store
    }

    /// Loads a model folder in any supported layout.
    ///
    /// - Parameters:
    ///   - dtype: wanted element type; `nil` keeps the stored one or, where there are several,
    ///     takes the one that the config names.
    ///   - imageSize: side of the images of the vision towers, whose tables of positions are
    ///     interpolated for it; `nil`: that of the folder.
    ///   - use: for inference the weights stay mapped; for training they are copied.
    ///   - adapters: which linear layers get a fresh low-rank adapter.
    ///   - quantization: which linear layers keep their frozen weights quantised.
    public init(
        folder: String, imageSize: Int? = nil, dtype: DType? = nil, device: Device,
        use: CheckpointSource.Use = .inference, adapters: AdapterPlan? = nil,
        quantization: QuantizationPlan? = nil
    ) throws {
        let stored = try MiphaConfig(folder: folder)
        let config = try stored.resized(to: imageSize)
        let source = try config.source(
            Self.source(folder: folder, stored, dtype: dtype, device: device, use: use),
            ofTowers: stored.vision)
        do {
            try self.init(
                config, source: source, adapters: adapters, quantization: quantization)
        } catch let error as ParameterError {
            throw ParameterError("\(folder): \(error)")
        }
    }

    /// The layers of a config's model that may have an adapter.
    package static func layers(_ config: MiphaConfig) throws -> [AdaptableLayer] {
        try MiphaModel(config, source: DryRunSource()).store.layers
    }

    /// Element type of the language model's parameters.
    public var dtype: DType { language.table.dtype }

    /// Device of the parameters.
    public var device: Device { language.table.device }

    /// The chain from pixels to projected features `[images, patches, width]`.
    package func visionSegments() -> [Segment] {
        tower.segments(dropout: nil) + [
            Segment("projector", reads: [ParameterPlace(.projector)]) {
                [projector] (features) throws(TensorError) in try projector(features)
            }
        ]
    }

    /// Embeddings of a spliced batch.
    ///
    /// - Parameter features: `[images, patches, width]`, or `nil` without images.
    /// - Returns: `[rows, columns, width]`.
    package func splice(_ plan: SplicePlan, features: Tensor?) throws(TensorError) -> Tensor {
        try PassIndices(plan, on: device).spliced(plan, features: features, language)
    }

    /// The places of the parameters that splicing reads where there are images.
    private var spliced: Set<ParameterPlace> {
        language.embeddingPlaces.union([ParameterPlace(.projector)])
    }

    /// The chain from the batch's pixels (or nothing) to the embeddings of the decoder.
    ///
    /// Without images the first segment ignores its input.
    func embeddingSegments(
        _ plan: SplicePlan, _ indices: PassIndices, _ batch: MiphaBatch,
        dropout: RandomGenerator?
    ) -> [Segment] {
        let hasImages = batch.imageCount > 0
        let splice = Segment(
            "embeddings", reads: hasImages ? spliced : language.embeddingPlaces
        ) { [projector, language] (features) throws(TensorError) in
            try indices.spliced(
                plan, features: hasImages ? try projector(features) : nil, language)
        }
        return hasImages && batch.features == nil
            ? tower.segments(dropout: dropout) + [splice] : [splice]
    }

    /// Logits `[rows, columns, vocabulary]` of a batch.
    ///
    /// - Parameter observe: sees the state after every segment, for activation dumps.
    public func logits(
        _ batch: MiphaBatch,
        observe: (Segment, Tensor) throws(TensorError) -> Void = { _, _ in }
    ) throws -> Tensor {
        let plan = try plan(for: batch)
        let layout = plan.layout(of: batch)
        let indices = try PassIndices(plan, layout, on: device)
        let batch = try batch.moved(to: device)
        let features =
            try batch.features.map { try projector($0) }
            ?? batch.pixels.map { try visionSegments().run($0, observe: observe) }
        let embeddings = try indices.spliced(plan, features: features, language)
        try observe(Segment("hidden.0", reads: []) { (x) throws(TensorError) in x }, embeddings)
        let pass = layout.pass(positions: indices.positions, keys: indices.keys, dropout: nil)
        let hidden = try language.segments(pass).run(embeddings, observe: observe)
        return try language.head.logits(language.head.normalize(hidden))
    }

    /// The places that each segment of the model's longest chain reads, in order.
    ///
    /// The chain of a batch has these segments or, without images, leaves some out.
    package func segmentPlaces() throws -> [Set<ParameterPlace>] {
        let pass = try SequenceLayout.contiguous(count: 1).pass(device: device)
        return try tower.segments(dropout: nil).map(\.places) + [spliced]
            + language.segments(pass).map(\.places) + [language.head.places]
    }

    /// The plan by which a batch is spliced.
    public func plan(for batch: MiphaBatch) throws(SpliceError) -> SplicePlan {
        try SplicePlan(
            ids: batch.ids, labels: batch.labels, tokensPerImage: config.tokensPerImage,
            imageCount: batch.imageCount, pictures: batch.pictures, packing: batch.packing)
    }
}
