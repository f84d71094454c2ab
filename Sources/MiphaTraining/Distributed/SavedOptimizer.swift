import MiphaCheckpoints
import MiphaFiles
import MiphaNN
package import MiphaTorch

/// The optimiser's state in a checkpoint, whatever number of processes wrote it.
package struct SavedOptimizer {
    private let folder: String
    private let file: SafetensorsFile
    private let shards: OptimizerShards?

    /// Opens a checkpoint's state.
    ///
    /// - Throws: `CheckpointError`.
    package init(folder: String) throws {
        self.folder = folder
        file = try SafetensorsFile(path: "\(folder)/optimizer.safetensors")
        shards = try OptimizerShards(folder: folder)
    }

    /// A tensor of the state, cut to what this process needs of it.
    ///
    /// - Parameter name: `kind.NAME`.
    /// - Throws: `CheckpointError` when it is not there.
    package func tensor(_ name: String, for parallel: DataParallel?) throws -> Tensor {
        let parameter = String(name.drop { $0 != "." }.dropFirst())
        if let shards {
            return try shards.tensor(name, range: parallel?.range(of: parameter))
        }
        let whole = try Tensor.mapped(file.requiredEntry(name), of: file)
        return try parallel?.part(of: whole, parameter: parameter) ?? whole
    }

    /// The moving average of a parameter, cut to what this process needs of it.
    ///
    /// - Throws: `CheckpointError` when it is not there.
    package func average(_ parameter: String, for parallel: DataParallel?) throws -> Tensor {
        if let shards {
            return try shards.tensor(
                "\(Self.averagePrefix)\(parameter)", range: parallel?.range(of: parameter))
        }
        let file = try SafetensorsFile(path: "\(folder)/ema.safetensors")
        let whole = try Tensor.mapped(file.requiredEntry(parameter), of: file)
        return try parallel?.part(of: whole, parameter: parameter) ?? whole
    }

    /// The prefix of the names of averages in the shards of a state.
    package static let averagePrefix = "ema."

    /// The state of a process's generator; `nil` for a process that the job did not have.
    package func generator(rank: Int) throws -> Tensor? {
        let name = Self.generatorName(rank: rank)
        return try file.entry(name).map { try Tensor.mapped($0, of: file) }
    }

    /// The name of a generator's state.
    package static func generatorName(rank: Int) -> String {
        rank == 0 ? "generator" : "generator.\(rank)"
    }
}
