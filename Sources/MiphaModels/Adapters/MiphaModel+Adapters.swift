import MiphaCheckpoints
import MiphaFiles
public import MiphaNN
public import MiphaTorch

extension MiphaModel {
    /// Loads a model folder with an adapter over it.
    ///
    /// - Parameters:
    ///   - imageSize: side of the images of the vision towers; `nil`: that of the model's folder.
    ///   - dtype: wanted element type of the base; `nil` keeps the stored one.
    ///   - quantization: which linear layers keep their frozen weights quantised.
    /// - Throws: `ParameterError` when the adapter belongs to another model.
    public init(
        folder: String, adapter: AdapterFolder, imageSize: Int? = nil, dtype: DType? = nil,
        device: Device, use: CheckpointSource.Use = .inference,
        quantization: QuantizationPlan? = nil
    ) throws {
        let stored = try MiphaConfig(folder: folder)
        var config = try stored.resized(to: imageSize)
        if let ratio = adapter.imageAspectRatio { config.imageAspectRatio = ratio }
        let base = try config.source(
            Self.source(folder: folder, stored, dtype: dtype, device: device, use: use),
            ofTowers: stored.vision)
        do {
            try self.init(
                config, source: AdaptedSource(base: base, adapter: adapter),
                adapters: adapter.plan, quantization: quantization)
            let missing = try adapter.missing(from: store)
            guard missing.isEmpty else {
                throw ParameterError(
                    "it lacks \(AdapterContents.listing(missing)), which adapter_config.json says were "
                        + "trained; expected all of them")
            }
        } catch let error as ParameterError {
            let origin = adapter.baseModel.map { ", trained on \($0)," } ?? ""
            throw ParameterError(
                "the adapter \(adapter.path)\(origin) does not fit \(folder): \(error)")
        }
    }

    /// Writes the adapters into an existing folder, in PEFT's layout.
    ///
    /// PEFT loads the files onto the model class of the layout; of a Mipha model's adapters, those
    /// of the decoder also onto a plain `PhiForCausalLM`.
    ///
    /// - Parameters:
    ///   - trained: names of all parameters that learned; those that are not of an adapter are
    ///     written in full beside it.
    ///   - values: what to write instead of the model's own parameters, by canonical name.
    ///   - layout: whose module names to use; by default the model's own.
    ///   - baseModel: name or folder of the base, for the config.
    /// - Throws: `ParameterError` when there is no adapter, or the layout has no place for a name.
    public func saveAdapter(
        to folder: String, trained: [String] = [], values: [String: Tensor] = [:],
        layout: CheckpointLayout? = nil, baseModel: String? = nil
    ) throws {
        guard let plan = store.adapterPlan, !store.adapters.isEmpty else {
            throw ParameterError("\(folder): the model has no adapter to write")
        }
        let layout = layout ?? config.layout
        try write(
            store.adapterNames, values, to: folder, file: "adapter_model",
            prefix: AdapterNames.prefix, layout)
        let others = trained.filter { store.fact($0)?.adapter == nil }
        if others.isEmpty {
            FileSystem.remove(FileSystem.join(folder, "\(AdapterFolder.othersName).safetensors"))
        } else {
            try write(
                others, values, to: folder, file: AdapterFolder.othersName, prefix: "", layout)
        }
        let layers = try store.adapters.sorted { $0.key < $1.key }.map { path, adapter in
            (try AdapterNames.external("\(path).weight", layout).dropLast(7), adapter.strength)
        }
        let json = AdapterConfig.json(
            plan, layers: layers.map { (String($0.0), $0.1) }, baseModel: baseModel)
        try json.write(to: FileSystem.join(folder, "adapter_config.json"))
    }

    /// Writes the model's config beside an adapter, for what training set there, such as the
    /// treatment of images that are not square.
    public func saveConfig(to folder: String) throws {
        try config.json(config.layout, dtype: dtype.rawValue)
            .write(to: FileSystem.join(folder, "config.json"))
    }

    private func write(
        _ names: [String], _ values: [String: Tensor], to folder: String, file: String,
        prefix: String, _ layout: CheckpointLayout
    ) throws {
        let tensors = try names.map { name in
            guard let tensor = values[name] ?? store[name] else {
                throw ParameterError("\(folder): the model has no parameter \(name)")
            }
            return (name: prefix + (try AdapterNames.external(name, layout)), tensor: tensor)
        }
        try SafetensorsFile.write(
            tensors, to: FileSystem.join(folder, "\(file).safetensors"),
            metadata: ["format": "pt"])
    }
}
