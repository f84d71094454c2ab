/// Writes a safetensors file in one pass, whole or not at all.
///
/// ```swift
/// var writer = try SafetensorsWriter(path: path, entries: declarations)
/// for values in tensors { try writer.write(values) }
/// try writer.finish()
/// ```
///
/// The tensors are stored in the order of their declarations; sort them with
/// ``TensorDeclaration/referenceOrder(_:)`` for aligned data and files equal to the Python
/// library's. Bytes go to a temporary name in the same folder; ``finish()`` flushes them to the
/// disk and renames. A writer that is released without it removes the temporary file and leaves
/// the target as it was.
public struct SafetensorsWriter: ~Copyable {
    private let output: SafetensorsOutput

    /// Writes the header.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - entries: all tensors, in the order in which their bytes will come.
    ///   - metadata: the strings of `__metadata__`, written sorted by key; none when empty.
    /// - Throws: `CheckpointError` when a name is used twice, a shape is impossible or the file
    ///   cannot be written.
    public init(
        path: String, entries: [TensorDeclaration], metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        output = try SafetensorsOutput(path: path, entries: entries, metadata: metadata)
    }

    /// Writes the next bytes, a whole tensor or a piece of one.
    ///
    /// Tensors without elements are passed over by themselves. After an error drop the writer.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write(_ bytes: RawSpan) throws(CheckpointError) {
        try output.write(bytes)
    }

    /// Writes the next bytes, a whole tensor or a piece of one.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        try unsafe output.write(bytes.bytes)
    }

    /// Writes the next numbers, little-endian, a whole tensor or a piece of one.
    ///
    /// - Throws: `CheckpointError` when the bytes go beyond the current tensor, or the disk is
    ///   full.
    public mutating func write<Scalar: Numeric & BitwiseCopyable>(
        _ values: [Scalar]
    ) throws(CheckpointError) {
        try unsafe write(values.span.bytes)
    }

    /// Flushes the file to the disk and gives it its name.
    ///
    /// - Throws: `CheckpointError` when bytes are missing, naming the tensor, or the system
    ///   refuses; the target is then left as it was.
    public consuming func finish() throws(CheckpointError) {
        try output.commit()
    }
}
