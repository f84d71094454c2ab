import MiphaCheckpoints
import MiphaFiles
import MiphaNN
package import MiphaTorch

/// The optimiser's state of a job with sharding, as files of a checkpoint.
///
/// Every process writes the pieces it owns, under the names that an unsharded state has. The layout
/// file says which elements of which flat parameter each file holds, so that a job of another size,
/// or a process alone, can put together what it needs.
///
/// ```
/// optimizer-00001-of-00003.safetensors   exp_avg.NAME [piece], …, step.NAME [], ema.NAME [piece]
/// optimizer_shards.json                  {"world_size": 3, "parameters": {NAME: shape},
///                                         "shards": [{"file": …, "pieces": {NAME: [from, to]}}]}
/// ```
package struct OptimizerShards {
    private struct Shard {
        let file: SafetensorsFile
        let pieces: [String: Range<Int>]
    }

    private static let layoutFile = "optimizer_shards.json"
    private let path: String
    private let shapes: [String: [Int]]
    private let shards: [Shard]

    // MARK: Writing

    private static func fileName(_ rank: Int, of world: Int) -> String {
        func digits(_ number: Int) -> String {
            String(repeating: "0", count: max(0, 5 - String(number).count)) + String(number)
        }
        return "optimizer-\(digits(rank + 1))-of-\(digits(world)).safetensors"
    }

    /// The part of a state that one process writes.
    ///
    /// `@unchecked Sendable`: its tensors are copies that nothing else refers to, or the process
    /// waits until they are written.
    package struct Share: @unchecked Sendable {
        fileprivate let state: [(name: String, tensor: Tensor)]
        fileprivate let layout: ShardLayout
        fileprivate let mode: ShardingMode
        fileprivate let rank: Int

        /// Takes a state, named `kind.NAME` with the pieces of ``DataParallel``.
        ///
        /// - Parameter copies: whether training goes on to change it while it is written.
        package init(
            _ state: [(name: String, tensor: Tensor)], of parallel: DataParallel,
            copies: Bool = false
        ) throws {
            self.state = copies ? try CheckpointSnapshot.copies(of: state) : state
            layout = parallel.layout
            mode = parallel.mode
            rank = parallel.group.rank
        }

        /// Writes the pieces of this process; rank 0 writes the layout too.
        package func write(to folder: String) throws {
            try OptimizerShards.write(self, to: folder)
        }
    }

    private static func write(_ share: Share, to folder: String) throws {
        let (state, rank, world) = (share.state, share.rank, share.layout.shardCount)
        try SafetensorsFile.write(state, to: "\(folder)/\(fileName(rank, of: world))")
        guard rank == 0 else { return }
        var parameters = JSONObject()
        for entry in share.layout.units.filter(\.learns).flatMap(\.entries) {
            parameters[entry.name] = .array(entry.shape.map { .integer($0) })
        }
        let shards = (0..<world).map { shard -> JSONValue in
            var pieces = JSONObject()
            for piece in share.layout.pieces(of: shard) {
                pieces[piece.name] = [
                    .integer(piece.inParameter.lowerBound), .integer(piece.inParameter.upperBound),
                ]
            }
            return ["file": .string(fileName(shard, of: world)), "pieces": .object(pieces)]
        }
        let layout: JSONObject = [
            "world_size": .integer(world), "sharding": .string(share.mode.rawValue),
            "parameters": .object(parameters), "shards": .array(shards),
        ]
        try JSONValue.object(layout).write(to: "\(folder)/\(layoutFile)")
    }

    // MARK: Reading

    /// Opens the shards of a checkpoint; `nil` when it has none.
    ///
    /// - Throws: `CheckpointError` naming the file and what is wrong.
    package init?(folder: String) throws {
        path = "\(folder)/\(Self.layoutFile)"
        guard FileSystem.kind(path) == .file else { return nil }
        let reader = try ConfigReader(contentsOf: path)
        let parameters = try reader.object("parameters")
        var shapes: [String: [Int]] = [:]
        for name in parameters.keys {
            let shape = try parameters.ints(name)
            guard shape.allSatisfy({ $0 >= 0 }), Self.product(shape) != nil else {
                throw parameters.failure(name, expected: "a shape")
            }
            shapes[name] = shape
        }
        self.shapes = shapes
        shards = try reader.objects("shards").map { item in
            let name = try item.string("file")
            guard !name.contains("/"), name.hasSuffix(".safetensors") else {
                throw item.failure("file", expected: "the name of a safetensors file beside it")
            }
            let list = try item.object("pieces")
            var pieces: [String: Range<Int>] = [:]
            for key in list.keys {
                let ends = try list.ints(key)
                guard ends.count == 2, 0 <= ends[0], ends[0] <= ends[1],
                    let count = shapes[key].flatMap(Self.product), ends[1] <= count
                else {
                    throw list.failure(key, expected: "two places in a parameter of the file")
                }
                pieces[key] = ends[0]..<ends[1]
            }
            return Shard(
                file: try SafetensorsFile(path: FileSystem.join(folder, name)), pieces: pieces)
        }
    }

    /// Number of elements of a shape; `nil` when it is none that could be.
    private static func product(_ shape: [Int]) -> Int? {
        var product = 1
        for size in shape {
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            guard !overflows else { return nil }
            product = next
        }
        return product
    }

    /// A tensor of the state.
    ///
    /// - Parameters:
    ///   - name: `kind.NAME`.
    ///   - range: elements of the flat parameter; `nil` gives all, in the parameter's shape.
    /// - Throws: `CheckpointError` when elements are missing or a file does not hold what the
    ///   layout says.
    package func tensor(_ name: String, range: Range<Int>?) throws -> Tensor {
        let parameter = name.drop { $0 != "." }.dropFirst()
        guard let shape = shapes[String(parameter)], let count = Self.product(shape) else {
            throw CheckpointError(.missing, "\(path): no parameter for the state \(name)")
        }
        var found: [(range: Range<Int>, tensor: Tensor)] = []
        for shard in shards {
            guard let piece = shard.pieces[String(parameter)], let entry = shard.file.entry(name)
            else { continue }
            if entry.shape.isEmpty { return try Tensor.mapped(entry, of: shard.file) }
            guard entry.shape == [piece.count] else {
                throw CheckpointError(
                    .invalidConfig,
                    "\(shard.file.path): \(name): expected \(piece.count) elements, as \(path) "
                        + "says, found shape \(entry.shape)")
            }
            found.append((piece, try Tensor.mapped(entry, of: shard.file)))
        }
        found.sort { $0.range.lowerBound < $1.range.lowerBound }
        let wanted = range ?? 0..<count
        var place = wanted.lowerBound
        var parts: [Tensor] = []
        for (piece, tensor) in found where place < wanted.upperBound && piece.contains(place) {
            let end = min(piece.upperBound, wanted.upperBound)
            parts.append(
                try tensor.narrowed(0, from: place - piece.lowerBound, length: end - place))
            place = end
        }
        guard place == wanted.upperBound else {
            throw CheckpointError(
                .missing,
                "\(path): \(name): element \(place) of \(count) is not in any of the files")
        }
        let joined =
            parts.count == 1 ? parts[0] : try Tensor.concatenating(parts, along: 0)
        return range == nil ? try joined.reshaped(shape) : joined
    }
}
