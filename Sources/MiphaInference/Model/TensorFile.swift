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
        let byName = Dictionary(tensors) { first, _ in first }
        let ordered = TensorDeclaration.referenceOrder(
            tensors.map { TensorDeclaration($0.name, $0.tensor) })
        try SafetensorsFile.write(
            ordered.compactMap { entry in byName[entry.name].map { (entry.name, $0) } }, to: path)
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
