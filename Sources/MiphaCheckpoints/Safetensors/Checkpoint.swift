import MiphaFiles

/// The tensors of a model: one safetensors file, or the shards that an index lists.
public struct Checkpoint: Sendable {
    /// The files, shards in the order of their names.
    public let files: [SafetensorsFile]

    private struct Place: Sendable {
        let file: Int
        let entry: Int
    }

    private let places: [ExactString: Place]

    /// Opens the weights in a folder.
    ///
    /// Takes `model.safetensors`, or else the shards of `model.safetensors.index.json`, the order
    /// of huggingface/transformers. The index and the shards must agree exactly.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - baseName: the start of the file names, such as "adapter_model".
    /// - Throws: `CheckpointError` when there is neither, or a file breaks its format.
    public init(folder: String, baseName: String = "model") throws(CheckpointError) {
        let single = FileSystem.join(folder, "\(baseName).safetensors")
        let index = FileSystem.join(folder, "\(baseName).safetensors.index.json")
        if FileSystem.kind(single) != nil {
            try self.init(file: single)
        } else if FileSystem.kind(index) != nil {
            try self.init(index: index)
        } else {
            throw Self.nothingFound(in: folder, baseName: baseName)
        }
    }

    /// Opens one safetensors file, or the shards of an index (`….index.json`).
    ///
    /// - Throws: `CheckpointError` when a file is missing or breaks its format.
    public init(file path: String) throws(CheckpointError) {
        if path.hasSuffix(".index.json") {
            try self.init(index: path)
        } else {
            try self.init(files: [SafetensorsFile(path: path)])
        }
    }

    private init(index path: String) throws(CheckpointError) {
        let index = try ShardIndex(path: path)
        var files: [SafetensorsFile] = []
        for shard in index.shards {
            let file = FileSystem.join(FileSystem.folder(of: path), shard)
            guard FileSystem.kind(file) != nil else {
                throw CheckpointError(
                    .missing, "\(path): weight_map names the shard \(shard.quoted), no such file")
            }
            files.append(try SafetensorsFile(path: file))
        }
        try index.check(files)
        try self.init(files: files)
    }

    private init(files: [SafetensorsFile]) throws(CheckpointError) {
        var places: [ExactString: Place] = [:]
        for (number, file) in files.enumerated() {
            for (position, entry) in file.entries.enumerated() {
                let place = Place(file: number, entry: position)
                if let other = places.updateValue(place, forKey: ExactString(entry.name)) {
                    throw CheckpointError(
                        .malformedIndex,
                        "tensor \(entry.name.quoted) is in \(files[other.file].path) and in "
                            + file.path)
                }
            }
        }
        self.files = files
        self.places = places
    }

    /// The names of all tensors, file by file in the order of their data.
    public var names: [String] { files.flatMap { $0.entries.map(\.name) } }

    /// All tensors, file by file in the order of their data.
    public var entries: [TensorEntry] { files.flatMap(\.entries) }

    /// The size of all elements in bytes.
    public var totalBytes: Int { files.reduce(0) { $0 + $1.totalBytes } }

    /// The file and entry of a tensor, or nil when there is none of that name.
    public func find(_ name: String) -> (SafetensorsFile, TensorEntry)? {
        guard let place = places[ExactString(name)] else { return nil }
        return (files[place.file], files[place.file].entries[place.entry])
    }

    private static func nothingFound(in folder: String, baseName: String) -> CheckpointError {
        guard FileSystem.kind(folder) == .folder else {
            return CheckpointError(.missing, "\(folder): no such folder")
        }
        let names = (try? FileSystem.list(folder)) ?? []
        var hint = ""
        if let other = names.first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pth") }) {
            hint = "; \(other) is a pickle file, save it as safetensors first"
        } else if let other = names.first(where: { $0.hasSuffix(".safetensors") }) {
            hint = "; it holds \(other), which can be opened as a file"
        }
        return CheckpointError(
            .missing,
            "\(folder): expected \(baseName).safetensors or "
                + "\(baseName).safetensors.index.json, found neither\(hint)")
    }
}
