import MiphaCheckpoints
import MiphaFiles
import MiphaNN
public import MiphaTorch

extension MiphaModel {
    /// Options for writing a model folder.
    public struct SaveOptions: Sendable {
        /// Layout of config and tensor names.
        public var layout: CheckpointLayout
        /// Whether a non-zero bias of the head may be lost in the LLaVA layout, which has none.
        public var dropsHeadBias: Bool
        /// Largest size of one file in bytes.
        public var maximumShardBytes: Int

        /// Creates options.
        public init(
            layout: CheckpointLayout = .mipha, dropsHeadBias: Bool = false,
            maximumShardBytes: Int = 5_000_000_000
        ) {
            self.layout = layout
            self.dropsHeadBias = dropsHeadBias
            self.maximumShardBytes = maximumShardBytes
        }
    }

    /// Writes `config.json` and the safetensors files into an existing folder.
    ///
    /// Adapters are folded into the matrices they belong to.
    ///
    /// - Parameter values: what to write instead of the model's own parameters, by canonical name;
    ///   shapes and dtypes must be equal. They are written as they are.
    /// - Throws: `ParameterError` when the layout cannot hold the model: the LLaVA class of
    ///   transformers builds its head without bias, its projector with two layers, and one tower; or when
    ///   matrices are quantised, from which the original ones cannot be restored.
    public func save(
        to folder: String, options: SaveOptions = SaveOptions(), values: [String: Tensor] = [:]
    ) throws {
        if let name = store.names.first(where: { store.quantized[$0] != nil }) {
            throw ParameterError(
                "\(folder): \(name) is quantised; save the adapter, and merge it with "
                    + "the model's own weights")
        }
        try config.requirePlace(in: options.layout, for: folder)
        let keys = try options.layout.dialects()[0]
        let fits =
            config.language.fits(options.layout) && config.projector.kind.fits(options.layout)
        let headHasBias = type(of: config.language).headHasBias(in: options.layout)
        var written: [(name: String, origin: String, tensor: Tensor)] = []
        for fact in store.facts where fact.adapter == nil {
            let name = fact.name
            guard let tensor = values[name] ?? store[name] else { continue }
            if fact.part == .head, fact.role == .bias, !headHasBias {
                try requireDroppableBias(tensor, options)
                continue
            }
            guard let external = keys.external(name), fits else {
                throw ParameterError(
                    "\(folder): layout \(options.layout.rawValue) has no place for \(name); "
                        + "it needs a two-layer MLP projector and projections that are not fused")
            }
            written.append((external, name, tensor))
        }
        if headHasBias, !config.language.headHasBias,
            let head = store.facts.first(where: { $0.part == .head })
        {
            let zero = try Tensor.zeros([config.language.vocabularySize], dtype: dtype)
            written.append(("\(head.layer).bias", "", zero))
        }
        var writer = try ShardedWriter(
            folder: folder, entries: written.map { TensorDeclaration($0.name, $0.tensor) },
            maximumShardBytes: options.maximumShardBytes, metadata: ["format": "pt"])
        for (_, origin, tensor) in written {
            try (values[origin] ?? store.merged(origin) ?? tensor).withBytes {
                try writer.write($0)
            }
        }
        try writer.finish()
        try config.json(options.layout, dtype: dtype.rawValue).write(to: "\(folder)/config.json")
    }

    private func requireDroppableBias(_ bias: Tensor, _ options: SaveOptions) throws {
        guard !options.dropsHeadBias, try bias.absoluteMaximum() != 0 else { return }
        throw ParameterError(
            "the language head has a non-zero bias, and LlavaForConditionalGeneration has no place "
                + "for one: its answers would differ; ask to drop the bias to write it anyway")
    }
}
