public import MiphaCheckpoints
import MiphaFiles
public import MiphaNN
import MiphaTorch

/// A LoRA adapter in PEFT's layout, of this program or of PEFT itself.
///
/// ```
/// adapter_config.json                what is adapted, and how
/// adapter_model.safetensors          A and B (and DoRA's lengths) of every layer, and what PEFT
///                                    trained in full (`modules_to_save`, biases)
/// non_lora_trainables.safetensors    whatever else was trained, in full; perhaps absent
/// mm_projector.safetensors           the same of LLaVA's first stage; perhaps absent
/// config.json                        the model's config in training; perhaps absent
/// ```
///
/// In the place of a safetensors file there may be one of `torch.save`, whose name ends in `.bin`.
public struct AdapterFolder: Sendable {
    /// The path as it was given.
    public let path: String
    /// The layers of the adapter.
    public let plan: AdapterPlan
    /// Name or folder of the model that the adapter was trained on, if the config has one.
    public let baseModel: String?
    /// The treatment in training of images that are not square, if a `config.json` beside the
    /// adapter says so.
    public let imageAspectRatio: String?
    /// Notes about parts of the folder that are ignored and may have an influence.
    public let notes: [String]
    /// The file `adapter_config.json`.
    let config: AdapterConfig
    /// Stored tensors by canonical names.
    private let contents: AdapterContents

    /// Opens a folder.
    ///
    /// - Throws: `CheckpointError` when it is not an adapter, one that lacks tensors, or one that
    ///   cannot be computed here.
    public init(_ path: String) throws(CheckpointError) {
        config = try AdapterConfig(ConfigReader(contentsOf: "\(path)/adapter_config.json"))
        let targets = try config.targets()
        contents = try AdapterContents(folder: path)
        let layers = try contents.layers(config, targets)
        let first = layers.min { $0.key < $1.key }?.value
        plan = AdapterPlan(
            rank: first?.rank ?? 0, alpha: first?.alpha ?? 0, dropout: config.dropout,
            targets: .layers(layers),
            usesRankStabilization: config.usesRankStabilization,
            usesMagnitudes: config.usesMagnitudes)
        self.path = path
        baseModel = config.baseModel
        notes = config.notes + Self.notes(config, targets, contents)
        imageAspectRatio =
            FileSystem.kind(FileSystem.join(path, "config.json")) == .file
            ? try MiphaConfig(folder: path).imageAspectRatio : nil
    }

    private static func notes(
        _ config: AdapterConfig, _ targets: AdapterTargets, _ contents: AdapterContents
    ) -> [String] {
        var notes: [String] = []
        if !targets.isKnown {
            notes.append(
                "\(config.file): target_modules: null; whether layers are missing cannot be checked"
            )
        }
        let idle = targets.idlePatterns(of: contents.modules)
        if !idle.isEmpty {
            notes.append(
                "\(config.file): rank_pattern, alpha_pattern: no layer of the adapter fits "
                    + "\(idle.joined(separator: ", "))")
        }
        return notes
    }

    /// Whether a folder holds an adapter and no model of its own.
    public static func isAlone(_ path: String) -> Bool {
        func has(_ name: String) -> Bool { FileSystem.kind(FileSystem.join(path, name)) != nil }
        return has("adapter_config.json") && !has("model.safetensors")
            && !has("model.safetensors.index.json")
    }

    /// Notes for the user about an adapter inside the folder of a model, which is not applied
    /// unasked.
    package static func note(inModel path: String) -> String? {
        let file = FileSystem.join(path, "adapter_config.json")
        guard FileSystem.kind(file) == .file, !isAlone(path) else { return nil }
        return
            "\(file): an adapter beside the model, which is not applied here, though transformers "
            + "with PEFT does so; --adapter \(path) applies it, and mipha merge makes one model of both"
    }

    /// Names of the files of an adapter.
    package static let files = [
        "adapter_config.json", "\(AdapterContents.matrices).safetensors",
        "\(othersName).safetensors",
    ]

    static let othersName = "non_lora_trainables"

    /// Canonical names of everything the folder holds.
    var names: [String] { contents.names }

    /// Tensors that the config says were trained in a model, and that the folder lacks.
    func missing(from store: ParameterStore) throws(CheckpointError) -> [String] {
        try contents.missing(from: store, config, config.targets())
    }

    /// Whether PEFT trained a parameter in the place of the base's, for one of its uses.
    func replaces(_ name: String) -> Bool {
        contents.tensors[name].map {
            FileSystem.name(of: $0.path).hasPrefix(AdapterContents.matrices)
        } ?? false
    }

    /// A stored tensor.
    ///
    /// - Throws: `ParameterError` when it has another shape.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor? {
        try contents.tensor(name, shape: shape)
    }
}

/// Parameters of a base model with those of an adapter's folder over them.
struct AdaptedSource: ParameterSource {
    let base: any ParameterSource
    let adapter: AdapterFolder

    /// The adapter's own tensor in the base's dtype, or else the base's.
    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        let plain = try base.parameter(fact, shape: shape, initializer: initializer)
        guard let stored = try adapter.tensor(fact.name, shape: shape) else { return plain }
        return try stored.to(dtype: plain?.dtype, device: plain?.device).cloned()
    }

    func adapterParameter(_ name: String, shape: [Int]) throws -> Tensor? {
        try adapter.tensor(name, shape: shape)?.cloned()
    }

    /// Refuses a table of embeddings, or a head, that PEFT trained apart from the other.
    func checkCopy(_ copy: String, of name: String) throws {
        try base.checkCopy(copy, of: name)
        for trained in [copy, name]
        where adapter.names.contains(trained) && (trained == copy || adapter.replaces(trained)) {
            throw ParameterError(
                "\(trained) is trained in full, and the model's config ties \(copy) to \(name): "
                    + "PEFT trains one of both uses; merge the adapter with PEFT")
        }
    }

    func leftover(besides used: Set<String>) -> [String] {
        base.leftover(besides: used)
            + adapter.names.filter { !used.contains($0) }.map { "\($0) of the adapter" }
    }
}
