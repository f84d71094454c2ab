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
}
