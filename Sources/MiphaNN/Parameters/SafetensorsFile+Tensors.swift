package import MiphaCheckpoints
package import MiphaTorch

extension TensorDeclaration {
    /// Makes the entry of a tensor in a file.
    package init(_ name: String, _ tensor: Tensor) {
        self.init(name: name, scalarType: tensor.dtype.scalarType, shape: tensor.shape)
    }
}

extension SafetensorsFile {
    /// Writes tensors to a file, in their order; it appears, or replaces an older one, when it is
    /// complete.
    ///
    /// - Throws: `CheckpointError` when a name is used twice or the file cannot be written.
    package static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String,
        metadata: [String: String] = [:]
    ) throws {
        var writer = try SafetensorsWriter(
            path: path, entries: tensors.map { TensorDeclaration($0.name, $0.tensor) },
            metadata: metadata)
        for (_, tensor) in tensors { try tensor.withBytes { try writer.write($0) } }
        try writer.finish()
    }
}
