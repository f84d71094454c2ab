import MiphaCheckpoints
import MiphaNN
import MiphaTorch

/// A tensor in a safetensors file or in one of `torch.save`.
enum StoredTensor: Sendable {
    case safetensors(SafetensorsFile, TensorEntry)
    case pickled(TorchArchive, name: String, TorchTensor)

    /// All tensors of a safetensors checkpoint.
    static func all(of checkpoint: Checkpoint) -> [StoredTensor] {
        checkpoint.files.flatMap { file in file.entries.map { .safetensors(file, $0) } }
    }

    /// All tensors of a file of `torch.save`.
    static func all(of archive: TorchArchive) -> [StoredTensor] {
        archive.tensors.map { .pickled(archive, name: $0.name, $0.tensor) }
    }

    /// The file.
    var path: String {
        switch self {
        case .safetensors(let file, _): file.path
        case .pickled(let archive, _, _): archive.path
        }
    }

    /// The name in the file.
    var name: String {
        switch self {
        case .safetensors(_, let entry): entry.name
        case .pickled(_, let name, _): name
        }
    }

    /// The dimensions.
    var shape: [Int] {
        switch self {
        case .safetensors(_, let entry): entry.shape
        case .pickled(_, _, let tensor): tensor.shape
        }
    }

    /// The elements: mapped, or copied from a pickle.
    func tensor() throws -> Tensor {
        switch self {
        case .safetensors(let file, let entry): try Tensor.mapped(entry, of: file)
        case .pickled(let archive, _, let tensor):
            try Tensor.copying(
                archive.bytes(of: tensor), shape: tensor.shape, dtype: DType(tensor.scalarType))
        }
    }
}
