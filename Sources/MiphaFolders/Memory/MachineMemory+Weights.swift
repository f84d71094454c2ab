import MiphaCheckpoints
public import MiphaTorch

extension StoredTensors {
    /// Bytes that the weights take when they are loaded.
    ///
    /// - Parameter dtype: wanted element type; `nil`: that of the files.
    public func byteCount(dtype: DType? = nil) -> Int {
        checkpoint.entries.reduce(0) { sum, entry in
            sum + (dtype.map { entry.elementCount * $0.byteCount } ?? entry.byteCount)
        }
    }
}

extension MachineMemory {
    /// Refuses a model whose weights are larger than the memory that is free.
    ///
    /// Weights that are used as they are stored stay mapped and could be read from disk again and again;
    /// each token reads all of them.
    ///
    /// - Parameters:
    ///   - dtype: wanted element type; `nil`: that of the files.
    ///   - memory: what is free; `nil` asks the device, or the machine for the CPU.
    /// - Throws: `FolderError` with the bytes needed and found, and what would fit; the error of a file
    ///   that cannot be read.
    public static func requireRoom(
        for folder: ModelFolder, dtype: DType?, on device: Device, memory: MachineMemory? = nil
    ) throws {
        let memory = try memory ?? (device == .cpu ? MachineMemory() : MachineMemory(of: device))
        let weights = try folder.storedTensors()
        let needed = weights.byteCount(dtype: dtype)
        guard let memory, needed > memory.available else { return }
        let smaller = weights.byteCount(dtype: .bfloat16)
        let advice =
            smaller <= memory.available
            ? "in bfloat16 (--dtype bfloat16) they take \(gigabytes(smaller))"
            : "even in bfloat16 they take \(gigabytes(smaller)): a smaller model or a machine "
                + "with more memory is needed"
        throw FolderError(
            .tooLarge,
            "\(folder.path): the weights take \(gigabytes(needed)), and "
                + "\(gigabytes(memory.available)) are \(memory.source); \(advice); "
                + "--ignore-memory loads them anyway")
    }

    private static func gigabytes(_ bytes: Int) -> String {
        let tenths = (bytes + 50_000_000) / 100_000_000
        return "\(tenths / 10).\(tenths % 10) GB"
    }
}
