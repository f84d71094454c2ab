import MiphaFiles

/// Writes a checkpoint folder: one `model.safetensors`, or shards with an index when it is large.
///
/// Shards are filled in the order of the declarations and hold at most `maximumShardBytes` of
/// elements; a tensor beyond that gets a shard of its own. They are named
/// `model-00001-of-0000N.safetensors`, beside `model.safetensors.index.json` with `total_size` and
/// `weight_map`, as huggingface/huggingface_hub (`serialization/_base.py`) lays them out.
///
/// All files keep temporary names until ``finish()``, which renames them, the index last, and
/// removes weights of an earlier save (other shards, the single file, the index) from the folder.
/// To replace a checkpoint with no moment in between, write into an ``AtomicDirectory``.
public struct ShardedWriter: ~Copyable {
    /// Five gigabytes.
    public static let defaultMaximumShardBytes = 5_000_000_000

    private struct Shard {
        let name: String
        let entries: [TensorDeclaration]
    }

    private let folder: String
    private let baseName: String
    private let metadata: [String: String]
    private let shards: [Shard]
    private let totalSize: Int
    private var outputs: [SafetensorsOutput]

    /// Plans the shards and opens the first.
    ///
    /// - Parameters:
    ///   - folder: an existing folder.
    ///   - entries: all tensors, in the order in which their bytes will come.
    ///   - maximumShardBytes: the most bytes of elements in a shard with several tensors.
    ///   - metadata: the strings of `__metadata__` in every shard.
    ///   - baseName: the start of all file names.
    /// - Throws: `CheckpointError` when a name is used twice, a shape is impossible, or a file
    ///   cannot be written.
    public init(
        folder: String, entries: [TensorDeclaration],
        maximumShardBytes: Int = ShardedWriter.defaultMaximumShardBytes,
        metadata: [String: String] = ["format": "pt"], baseName: String = "model"
    ) throws(CheckpointError) {
        guard maximumShardBytes > 0 else {
            throw CheckpointError(
                .invalidRequest,
                "\(folder): largest shard of \(maximumShardBytes) bytes, expected more than 0")
        }
        let sizes = try SafetensorsOutput.checkedSizes(entries, path: folder)
        let groups = Self.groups(sizes: sizes, limit: maximumShardBytes)
        guard groups.count < 100_000 else {
            throw CheckpointError(
                .invalidRequest,
                "\(folder): \(groups.count) shards, expected fewer than 100000; "
                    + "allow larger shards")
        }
        let shards = groups.enumerated().map { number, range in
            Shard(
                name: Self.name(baseName, number: number + 1, of: groups.count),
                entries: Array(entries[range]))
        }
        let first = try Self.open(shards[0], folder: folder, metadata: metadata)
        self.shards = shards
        self.folder = folder
        self.baseName = baseName
        self.metadata = metadata
        totalSize = sizes.reduce(0, +)
        outputs = [first]
    }

    /// Writes the next bytes, a whole tensor or a piece of one.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write(_ bytes: RawSpan) throws(CheckpointError) {
        guard bytes.byteCount > 0 else { return }
        try advance()
        try outputs[outputs.count - 1].write(bytes)
    }

    /// Writes the next bytes, a whole tensor or a piece of one.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        try unsafe write(bytes.bytes)
    }

    /// Writes the next numbers, little-endian, a whole tensor or a piece of one.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write<Scalar: Numeric & BitwiseCopyable>(
        _ values: [Scalar]
    ) throws(CheckpointError) {
        try unsafe write(values.span.bytes)
    }

    /// Flushes all files to the disk and gives them their names.
    ///
    /// - Throws: `CheckpointError` when bytes are missing, naming the tensor, or the system
    ///   refuses.
    public consuming func finish() throws(CheckpointError) {
        try advance()
        try outputs[outputs.count - 1].seal()
        guard outputs.count == shards.count else {
            throw CheckpointError(
                .invalidRequest,
                "\(folder): tensor \(shards[outputs.count].entries[0].name.quoted): not written")
        }
        for output in outputs { try output.commit() }
        var written = shards.map(\.name)
        if shards.count > 1 {
            let name = "\(baseName).safetensors.index.json"
            let index = index()
            let path = FileSystem.join(folder, name)
            try CheckpointError.converting { () throws(FileError) in try index.write(to: path) }
            written.append(name)
        }
        let folder = folder
        let names = try CheckpointError.converting { () throws(FileError) in
            try FileSystem.list(folder)
        }
        for name in names where isWeights(name) && !written.contains(name) {
            FileSystem.remove(FileSystem.join(folder, name))
        }
    }

    private static func open(
        _ shard: Shard, folder: String, metadata: [String: String]
    ) throws(CheckpointError) -> SafetensorsOutput {
        try SafetensorsOutput(
            path: FileSystem.join(folder, shard.name), entries: shard.entries, metadata: metadata)
    }

    /// Seals complete shards and opens the next that expects bytes.
    private mutating func advance() throws(CheckpointError) {
        while outputs[outputs.count - 1].isComplete, outputs.count < shards.count {
            try outputs[outputs.count - 1].seal()
            outputs.append(
                try Self.open(shards[outputs.count], folder: folder, metadata: metadata))
        }
    }

    private func index() -> JSONValue {
        var map: [JSONObject.Member] = []
        for shard in shards {
            for entry in shard.entries {
                map.append(.init(key: entry.name, value: .string(shard.name)))
            }
        }
        map.sort { $0.key.precedesInBytes($1.key) }
        return [
            "metadata": ["total_size": .integer(totalSize)],
            "weight_map": .object(JSONObject(map)),
        ]
    }

    /// Whether a file of this name belongs to weights of this base name.
    private func isWeights(_ name: String) -> Bool {
        guard name.hasPrefix(baseName) else { return false }
        let rest = name.dropFirst(baseName.count)
        if rest == ".safetensors" || rest == ".safetensors.index.json" { return true }
        let pattern = "-00000-of-00000.safetensors"
        return rest.utf8.count == pattern.utf8.count
            && zip(rest.utf8, pattern.utf8).allSatisfy { byte, model in
                model == UInt8(ascii: "0") ? byte &- 0x30 < 10 : byte == model
            }
    }

    private static func name(_ baseName: String, number: Int, of count: Int) -> String {
        guard count > 1 else { return "\(baseName).safetensors" }
        func padded(_ value: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: 5 - digits.count) + digits
        }
        return "\(baseName)-\(padded(number))-of-\(padded(count)).safetensors"
    }

    /// Cuts the tensors into runs of at most `limit` bytes.
    private static func groups(sizes: [Int], limit: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var filled = 0
        for (position, size) in sizes.enumerated() {
            if position > start, size > limit - filled {
                groups.append(start..<position)
                start = position
                filled = 0
            }
            filled += size
        }
        groups.append(start..<sizes.count)
        return groups
    }
}
