public import MiphaCheckpoints
import MiphaFiles
public import MiphaNN
import MiphaTorch

/// A LoRA adapter in PEFT's layout, of this program or of PEFT itself.
///
/// ```
/// adapter_config.json                what is adapted, and how
/// adapter_model.safetensors          A and B (and DoRA's lengths) of every layer
/// non_lora_trainables.safetensors    whatever else was trained, in full; perhaps absent
/// config.json                        the model's config in training; perhaps absent
/// ```
public struct AdapterFolder: Sendable {
    /// The path as it was given.
    public let path: String
    /// The layers of the adapter.
    public let plan: AdapterPlan
    /// Name or folder of the model that the adapter was trained on, if the config has one.
    public let baseModel: String?
    /// What was done in training with pictures that are not square, if a `config.json` beside the
    /// adapter says so.
    public let imageAspectRatio: String?
    /// Stored tensors by canonical names.
    private let places: [String: Place]

    private struct Place: Sendable {
        let file: SafetensorsFile
        let entry: TensorEntry
    }

    /// Opens a folder.
    ///
    /// - Throws: `CheckpointError` when it is not an adapter, or one that cannot be computed here.
    public init(_ path: String) throws(CheckpointError) {
        let config = try AdapterConfig(ConfigReader(contentsOf: "\(path)/adapter_config.json"))
        var parts = [try Checkpoint(folder: path, baseName: "adapter_model")]
        let others = FileSystem.join(path, "\(Self.othersName).safetensors")
        if FileSystem.kind(others) != nil { parts.append(try Checkpoint(file: others)) }
        let names = try AdapterNames()
        var places: [String: Place] = [:]
        var layers: [String: AdapterPlan.Strength] = [:]
        for (file, entry) in parts.flatMap(\.files).flatMap({ file in
            file.entries.map { (file, $0) }
        }) {
            guard !entry.name.contains(".lora_embedding_"), let name = names.canonical(entry.name)
            else {
                throw CheckpointError(
                    .invalidConfig,
                    "\(file.path): tensor \"\(entry.name)\": expected a parameter of a linear "
                        + "layer's adapter, or of a Mipha, Phi or LLaVA model")
            }
            places[name] = Place(file: file, entry: entry)
            guard name.hasSuffix(Self.downSuffix) else { continue }
            guard entry.shape.count == 2 else {
                throw CheckpointError(
                    .invalidConfig,
                    "\(file.path): tensor \"\(entry.name)\": expected a matrix, found shape "
                        + "\(entry.shape)")
            }
            let inner = AdapterNames.inner(entry.name).dropLast(Self.downSuffix.count)
            layers[String(name.dropLast(Self.downSuffix.count))] = AdapterPlan.Strength(
                rank: entry.shape[0], alpha: config.alpha(at: String(inner)))
        }
        let first = layers.min { $0.key < $1.key }?.value
        plan = AdapterPlan(
            rank: first?.rank ?? 0, alpha: first?.alpha ?? 0, dropout: config.dropout,
            targets: .layers(layers), within: [],
            usesRankStabilization: config.usesRankStabilization,
            usesMagnitudes: config.usesMagnitudes)
        self.path = path
        self.places = places
        baseModel = config.baseModel
        imageAspectRatio =
            FileSystem.kind(FileSystem.join(path, "config.json")) == .file
            ? try MiphaConfig(folder: path).imageAspectRatio : nil
    }

    /// Whether a folder holds an adapter and no model of its own.
    public static func isAlone(_ path: String) -> Bool {
        func has(_ name: String) -> Bool { FileSystem.kind(FileSystem.join(path, name)) != nil }
        return has("adapter_config.json") && !has("model.safetensors")
            && !has("model.safetensors.index.json")
    }

    /// Names of the files of an adapter.
    package static let files = [
        "adapter_config.json", "adapter_model.safetensors", "\(othersName).safetensors",
    ]

    static let othersName = "non_lora_trainables"
    private static let downSuffix = ".lora_A.weight"

    /// Canonical names of everything the folder holds.
    var names: [String] { places.keys.sorted() }

    /// A stored tensor, mapped.
    ///
    /// - Throws: `ParameterError` when it has another shape.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor? {
        guard let place = places[name] else { return nil }
        guard place.entry.shape == shape else {
            throw ParameterError(
                "\(place.file.path): tensor \"\(place.entry.name)\": expected shape \(shape), "
                    + "found \(place.entry.shape)")
        }
        return try Tensor.mapped(place.entry, of: place.file)
    }
}

/// Parameters of a base model with those of an adapter's folder over them.
struct AdaptedSource: ParameterSource {
    let base: any ParameterSource
    let adapter: AdapterFolder

    /// The adapter's own tensor in the base's dtype, or else the base's.
    func parameter(_ name: String, shape: [Int], initializer: Initializer) throws -> Tensor? {
        let plain = try base.parameter(name, shape: shape, initializer: initializer)
        guard let stored = try adapter.tensor(name, shape: shape) else { return plain }
        return try stored.to(dtype: plain?.dtype, device: plain?.device).cloned()
    }

    func adapterParameter(_ name: String, shape: [Int]) throws -> Tensor? {
        try adapter.tensor(name, shape: shape)?.cloned()
    }

    func leftover(besides used: Set<String>) -> [String] {
        base.leftover(besides: used)
            + adapter.names.filter { !used.contains($0) }.map { "\($0) of the adapter" }
    }
}
