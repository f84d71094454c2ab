public import MiphaCheckpoints
import MiphaFiles
package import MiphaModels

/// The tensors in a model folder's files, found by the names of the model's parameters.
public struct StoredTensors: Sendable {
    /// The files.
    public let checkpoint: Checkpoint
    /// The names in the files.
    public let keys: KeyMap

    /// The file and entry of a parameter; `nil` when the files lack it.
    ///
    /// - Parameter parameter: the official name.
    public func find(_ parameter: String) -> (file: SafetensorsFile, entry: TensorEntry)? {
        keys.external(parameter).flatMap { checkpoint.find($0) }
    }

    /// Whether a file of a model folder may hold weights, of whatever format.
    public static func mayExist(in folder: ModelFolder) -> Bool {
        let names = (try? FileSystem.list(folder.path)) ?? []
        return names.contains { name in
            [".safetensors", ".index.json", ".bin", ".pth"].contains { name.hasSuffix($0) }
        }
    }
}

extension ModelFolder {
    /// What becomes of tables of positions in the files where another image size was chosen.
    package func positionResizing() throws(CheckpointError) -> PositionResizing {
        PositionResizing(from: try MiphaConfig(folder: path).vision, to: config.vision)
    }

    /// The headers of the weight files.
    ///
    /// - Throws: `CheckpointError` when there are none, or a file breaks its format.
    public func storedTensors() throws(CheckpointError) -> StoredTensors {
        let checkpoint = try Checkpoint(folder: path)
        return StoredTensors(
            checkpoint: checkpoint, keys: try config.dialect(of: checkpoint))
    }
}
