import MiphaFiles

/// The tensors of a file that `torch.save` wrote: a dictionary of names and tensors.
///
/// The file is a zip archive with a pickle in it, of which only what tables of tensors need is read;
/// nothing is run. Views, transposed and shared tensors are read as what they show.
public struct TorchArchive: Sendable {
    /// The path it was opened with.
    public let path: String
    /// The tensors in the order of the file.
    public let tensors: [(name: String, tensor: TorchTensor)]
    private let archive: ZipArchive
    private let root: String
    private static let largestPickle = 1 << 26

    /// Opens a file.
    ///
    /// - Throws: `CheckpointError` for a file that is damaged, of the format before PyTorch 1.6, or that
    ///   holds more than tensors.
    public init(path: String) throws(CheckpointError) {
        let file = try CheckpointError.converting { () throws(FileError) in
            try RandomAccessFile(path: path)
        }
        let start = try CheckpointError.converting { () throws(FileError) in
            try file.read(FilePlace(offset: 0, length: min(2, file.size)))
        }
        guard start.first != 0x80 else {
            throw CheckpointError(
                .malformedFile,
                "\(path): expected a file of torch.save in PyTorch 1.6 or later, found one of the format "
                    + "before; load it there and save it anew")
        }
        archive = try CheckpointError.converting { () throws(FileError) in try ZipArchive(file) }
        guard let entry = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
            throw CheckpointError(
                .malformedFile, "\(path): expected a file of torch.save, found no data.pkl in it")
        }
        self.path = path
        root = String(entry.name.dropLast("data.pkl".count))
        let (archive, root) = (archive, root)
        if archive.entry(named: "\(root)byteorder") != nil {
            let order = try CheckpointError.converting { () throws(FileError) in
                try archive.read(named: "\(root)byteorder", limit: 64)
            }
            guard order == Array("little".utf8) else {
                throw CheckpointError(
                    .malformedFile,
                    "\(path): byteorder: expected little, found "
                        + String(decoding: order, as: UTF8.self).quoted)
            }
        }
        let pickle = try CheckpointError.converting { () throws(FileError) in
            try archive.read(entry, limit: Self.largestPickle)
        }
        tensors = try Self.tensors(of: try PickleReader.value(of: pickle, file: path), path)
        for (name, tensor) in tensors { try check(name, tensor.storage) }
    }

    private static func tensors(
        of value: PickleValue, _ path: String
    ) throws(CheckpointError) -> [(name: String, tensor: TorchTensor)] {
        guard case .table(let table) = value else {
            throw CheckpointError(
                .malformedFile, "\(path): expected a dictionary of names and tensors")
        }
        var tensors: [String: TorchTensor] = [:]
        var names: [String] = []
        for (name, value) in table.members {
            guard case .tensor(let tensor) = value else {
                throw CheckpointError(
                    .malformedFile,
                    "\(path): key \(name.quoted): expected a tensor; save the dictionary of tensors "
                        + "(state_dict) alone")
            }
            if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
        }
        return names.compactMap { name in tensors[name].map { (name, $0) } }
    }

    private func entry(_ storage: TorchTensor.Storage) -> ZipEntry? {
        archive.entry(named: "\(root)data/\(storage.key)")
    }

    private func check(_ name: String, _ storage: TorchTensor.Storage) throws(CheckpointError) {
        let (expected, overflow) =
            storage.count.multipliedReportingOverflow(by: storage.scalarType.byteCount)
        guard let entry = entry(storage), !overflow, entry.size == expected else {
            let found = entry(storage).map { "\($0.size) bytes" } ?? "no such entry"
            throw CheckpointError(
                .malformedFile,
                "\(path): tensor \(name.quoted): expected \(expected) bytes in data/\(storage.key), found "
                    + found)
        }
    }

    /// The elements of a tensor of this file, row-major and little-endian.
    ///
    /// - Throws: `CheckpointError` when the file is damaged.
    public func bytes(of tensor: TorchTensor) throws(CheckpointError) -> [UInt8] {
        guard let entry = entry(tensor.storage) else {
            throw CheckpointError(.malformedFile, "\(path): no entry data/\(tensor.storage.key)")
        }
        let whole = try CheckpointError.converting { () throws(FileError) in
            try archive.read(entry, limit: entry.size)
        }
        if tensor.isContiguous, tensor.elementCount == tensor.storage.count { return whole }
        return tensor.gathered(from: whole)
    }
}
