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
    /// Adapters are folded into the matrices they belong to. The parameters of a language model that
    /// the layout's class has in another form are written in that form, one tensor at a time.
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
        let parameters = StoredParameters(store: store, values: values)
        let plan = try plan(options, parameters.declarations)
        let keys = try config.dialects(options.layout)[0]
        let entries = try plan.outputs.map { output in
            guard let external = keys.external(output.name),
                config.projector.kind.fits(options.layout)
            else {
                throw ParameterError(
                    "\(folder): layout \(options.layout.rawValue) has no place for \(output.name); "
                        + "it needs a two-layer MLP projector")
            }
            return TensorDeclaration(
                name: external, scalarType: output.scalarType, shape: output.shape)
        }
        if let wrong = try plan.firstNonZero(parameters) {
            throw ParameterError(
                "\(folder): \(wrong.name): the language head has a non-zero bias, and LlavaForConditionalGeneration has no "
                    + "place for one: its answers would differ; ask to drop the bias to write it "
                    + "anyway")
        }
        var writer = try ShardedWriter(
            folder: folder, entries: entries, maximumShardBytes: options.maximumShardBytes,
            metadata: ["format": "pt"])
        try plan.forEach(parameters) { try writer.write($1) }
        try writer.finish()
        try config.json(options.layout, dtype: dtype.rawValue).write(to: "\(folder)/config.json")
    }

    /// The tensors of a layout, by official names.
    private func plan(
        _ options: SaveOptions, _ parameters: [TensorDeclaration]
    ) throws(CheckpointError) -> WeightPlan {
        let map = try WeightMap(
            "to layout \(options.layout.rawValue)", config.language.rules(to: options.layout))
        return try options.dropsHeadBias
            ? map.losing.plan(parameters) : map.plan(parameters)
    }
}

/// A model's own parameters as they are written: with their adapters, or other values.
private struct StoredParameters: WeightSource {
    let store: ParameterStore
    let values: [String: Tensor]

    /// Names, types and shapes, in the order of construction.
    var declarations: [TensorDeclaration] {
        store.facts.compactMap { fact in
            guard fact.adapter == nil, let tensor = values[fact.name] ?? store[fact.name] else {
                return nil
            }
            return TensorDeclaration(fact.name, tensor)
        }
    }

    func withBytes(of name: String, _ body: (RawSpan) throws -> Void) throws {
        guard let tensor = try values[name] ?? store.merged(name) ?? store[name] else {
            throw ParameterError("there is no parameter \(name)")
        }
        try tensor.withBytes(body)
    }
}
