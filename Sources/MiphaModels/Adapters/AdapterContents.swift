import MiphaCheckpoints
import MiphaFiles
import MiphaNN
import MiphaTorch

/// The tensors of an adapter's folder, and whether they are all there.
struct AdapterContents: Sendable {
    /// The base name of PEFT's own file.
    static let matrices = "adapter_model"
    /// Base names of files with what was trained in full, as LLaVA's training code writes them.
    static let others = [AdapterFolder.othersName, "mm_projector"]

    /// Stored tensors by canonical names.
    let tensors: [String: StoredTensor]

    /// Opens the files of a folder; of a name with both endings the safetensors count, as in PEFT.
    ///
    /// - Throws: `CheckpointError` for a file that cannot be read, and for a tensor whose name says
    ///   nothing or is there twice.
    init(folder: String) throws(CheckpointError) {
        var stored: [StoredTensor] = []
        for name in [Self.matrices] + Self.others {
            func path(_ ending: String) -> String { FileSystem.join(folder, "\(name).\(ending)") }
            func has(_ ending: String) -> Bool { FileSystem.kind(path(ending)) != nil }
            if has("safetensors") || has("safetensors.index.json") {
                stored += StoredTensor.all(of: try Checkpoint(folder: folder, baseName: name))
            } else if has("bin") {
                stored += StoredTensor.all(of: try TorchArchive(path: path("bin")))
            } else if name == Self.matrices {
                throw CheckpointError(
                    .missing,
                    "\(folder): expected \(name).safetensors or \(name).bin, found neither")
            }
        }
        let names = try AdapterNames(stored.map(\.name))
        var tensors: [String: StoredTensor] = [:]
        for tensor in stored {
            guard let name = names.canonical(tensor.name) else {
                throw Self.failure(
                    tensor,
                    "expected a parameter, or one of an adapter, of a Mipha or LLaVA model, or of its language model"
                )
            }
            if let other = tensors.updateValue(tensor, forKey: name) {
                throw Self.failure(
                    tensor, "\"\(other.name)\" of \(other.path) is the same parameter")
            }
        }
        self.tensors = tensors
    }

    /// Canonical names of all tensors.
    var names: [String] { tensors.keys.sorted() }

    /// A stored tensor.
    ///
    /// - Throws: `ParameterError` when it has another shape.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor? {
        guard let stored = tensors[name] else { return nil }
        guard stored.shape == shape else {
            throw ParameterError(
                "\(stored.path): tensor \"\(stored.name)\": expected shape \(shape), "
                    + "found \(stored.shape)")
        }
        return try stored.tensor()
    }

    static func failure(_ tensor: StoredTensor, _ problem: String) -> CheckpointError {
        CheckpointError(.invalidConfig, "\(tensor.path): tensor \"\(tensor.name)\": \(problem)")
    }
}
