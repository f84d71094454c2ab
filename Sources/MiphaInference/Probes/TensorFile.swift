import MiphaCheckpoints
import MiphaNN
public import MiphaTorch

/// A safetensors file of named tensors, written whole or not at all.
public enum TensorFile {
    /// Writes tensors; the file appears, or replaces an older one, when it is complete.
    ///
    /// - Throws: `CheckpointError` when a name is used twice or the file cannot be written.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String
    ) throws {
        let declarations = tensors.map { name, tensor in
            TensorDeclaration(
                name: name, scalarType: tensor.dtype.scalarType, shape: tensor.shape)
        }
        let ordered = TensorDeclaration.referenceOrder(declarations)
        let byName = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
        var writer = try SafetensorsWriter(path: path, entries: ordered)
        for declaration in ordered {
            try byName[declaration.name]?.withBytes { try writer.write($0) }
        }
        try writer.finish()
    }

    /// Reads a tensor as a list of pictures, each of `count` numbers.
    ///
    /// - Throws: `CheckpointError` when the tensor is missing; `InferenceError` when its first
    ///   dimension does not cut it into pieces of that size.
    public static func pictures(
        _ name: String, in path: String, count: Int
    ) throws -> [[Float]] {
        let values = try SafetensorsFile(path: path).floats(name)
        guard values.count % count == 0 else {
            throw InferenceError(
                .invalidPrompt,
                "\(path): tensor \"\(name)\": expected pictures of \(count) values, found "
                    + "\(values.count) values in all")
        }
        return stride(from: 0, to: values.count, by: count).map {
            Array(values[$0..<$0 + count])
        }
    }
}
