import MiphaFiles

/// The `weight_map` of a `model.safetensors.index.json`.
struct ShardIndex {
    private let path: String
    private let weightMap: [(tensor: String, shard: String)]
    /// The shards, each once, sorted.
    let shards: [String]

    init(path: String) throws(CheckpointError) {
        let reader = try ConfigReader(contentsOf: path)
        let map = try reader.object("weight_map")
        var weightMap: [(tensor: String, shard: String)] = []
        var shards: Set<String> = []
        for member in map.object.members {
            guard case .string(let shard) = member.value else {
                throw map.failure(member.key, expected: "the name of a shard")
            }
            guard Self.isInside(shard) else {
                throw CheckpointError(
                    .malformedIndex,
                    "\(path): tensor \(member.key.quoted): shard \(shard.quoted) is not a path "
                        + "below the folder of the index")
            }
            weightMap.append((member.key, shard))
            shards.insert(shard)
        }
        guard !weightMap.isEmpty else {
            throw CheckpointError(.malformedIndex, "\(path): weight_map is empty")
        }
        self.path = path
        self.weightMap = weightMap
        self.shards = shards.sorted()
    }

    /// Refuses tensors that are not in their shard, and tensors that the index lacks.
    func check(_ files: [SafetensorsFile]) throws(CheckpointError) {
        var owners: [ExactString: String] = [:]
        let byShard = Dictionary(uniqueKeysWithValues: zip(shards, files))
        for (tensor, shard) in weightMap {
            guard byShard[shard]?.entry(tensor) != nil else {
                throw CheckpointError(
                    .malformedIndex,
                    "\(path): tensor \(tensor.quoted) is not in its shard \(shard)")
            }
            owners[ExactString(tensor)] = shard
        }
        for (shard, file) in zip(shards, files) {
            for entry in file.entries {
                let owner = owners[ExactString(entry.name)]
                guard owner == shard else {
                    let found = owner.map { "lists it under \($0)" } ?? "lacks it"
                    throw CheckpointError(
                        .malformedIndex,
                        "\(path): shard \(shard) holds tensor \(entry.name.quoted), "
                            + "the index \(found)")
                }
            }
        }
    }

    private static func isInside(_ shard: String) -> Bool {
        guard !shard.utf8.contains(0), !shard.contains("\\") else { return false }
        return shard.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}
