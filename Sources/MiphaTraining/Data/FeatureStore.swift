import MiphaFiles
public import MiphaModels
import MiphaNN
public import MiphaTorch

/// What a frozen tower gives for each picture, kept on disk so that later epochs need no tower.
///
/// An entry is found by the digest of the picture's pixels and of everything else it depends on:
/// tower weights, element type and selected layer. The tower sees one picture at a time, so that an
/// entry does not depend on the batch in which its picture came first; losses are the same to the
/// bit with an empty store, a full one, or one whose budget is spent. Each entry carries a digest of
/// its bytes: a damaged one is computed again.
public final class FeatureStore {
    /// Folder of the entries; `nil` keeps none.
    public let folder: String?
    /// Largest number of bytes on disk.
    public let budget: Int
    /// Bytes on disk.
    public private(set) var byteCount: Int
    /// Pictures that were found.
    public private(set) var hits = 0
    /// Pictures that the tower had to see.
    public private(set) var misses = 0

    /// Bytes on disk, as far as this process knows, from which on it adds no entry.
    private var limit: Int
    private let tower: any VisionTower
    private let dtype: DType
    private let device: Device
    private let settings: [UInt8]

    /// Opens a store, which is made if need be.
    ///
    /// - Parameters:
    ///   - model: the model whose tower is frozen.
    ///   - budget: bytes; when they are spent no entry is added.
    ///   - writers: number of processes that open the folder at the same time; each may spend an equal
    ///     part of what is left of the budget.
    /// - Throws: `FileError` when the folder cannot be made or read; `TensorError`.
    public init(folder: String?, budget: Int, model: MiphaModel, writers: Int = 1) throws {
        self.folder = folder
        self.budget = budget
        limit = budget
        tower = model.tower
        dtype = model.dtype
        device = model.device
        byteCount = 0
        guard let folder else {
            settings = []
            return
        }
        settings = try Self.fingerprint(model)
        try FileSystem.createFolder(folder)
        for part in try FileSystem.list(folder) {
            let path = FileSystem.join(folder, part)
            guard FileSystem.kind(path) == .folder else { continue }
            for name in try FileSystem.list(path) where name.hasSuffix(Self.suffix) {
                byteCount += try FileSystem.size(FileSystem.join(path, name))
            }
        }
        limit = byteCount + max(0, budget - byteCount) / writers
    }

    private static let suffix = ".features"
    private static let digestLength = 32

    /// The features of a batch's pictures, `[images, patches, width]` in the model's element type.
    ///
    /// - Parameter pictures: pixels of each picture, `3 * side * side` values.
    /// - Throws: `TensorError`; `FileError` when an entry cannot be written for other reasons than
    ///   a full disk.
    public func features(of pictures: [[Float]]) throws -> Tensor? {
        guard !pictures.isEmpty else { return nil }
        return try .concatenating(pictures.map(features), along: 0)
    }

    private func features(of pixels: [Float]) throws -> Tensor {
        guard let folder else { return try computed(pixels) }
        let name = SHA256Digest(of: pixels, after: settings).hex
        let part = FileSystem.join(folder, String(name.prefix(2)))
        let path = FileSystem.join(part, name + Self.suffix)
        let shape = [1, tower.patchCount, tower.width]
        if let found = try stored(path, shape) {
            hits += 1
            return found
        }
        let computed = try computed(pixels)
        try keep(computed, in: part, at: path)
        return computed
    }

    private func computed(_ pixels: [Float]) throws -> Tensor {
        misses += 1
        let side = tower.imageSize
        return try withoutGradients { () throws(TensorError) in
            try tower.segments(dropout: nil).run(
                Tensor(pixels, shape: [1, 3, side, side]).to(device: device))
        }
    }

    /// The entry at a path; nil when there is none, or none that is whole.
    private func stored(_ path: String, _ shape: [Int]) throws -> Tensor? {
        let expected = shape.reduce(dtype.byteCount, *) + Self.digestLength
        guard FileSystem.kind(path) == .file, try FileSystem.size(path) == expected else {
            return nil
        }
        let bytes = try FileSystem.read(path, limit: expected)
        guard bytes.count == expected else { return nil }
        let values = Array(bytes[Self.digestLength...])
        guard Array(bytes[..<Self.digestLength]) == SHA256Digest(of: values).bytes else {
            return nil
        }
        return try Tensor.copying(values, shape: shape, dtype: dtype).to(device: device)
    }

    private func keep(_ features: Tensor, in part: String, at path: String) throws {
        let values = try features.bytes()
        let size = values.count + Self.digestLength
        guard byteCount + size <= limit else { return }
        try FileSystem.createFolder(part)
        try AtomicFile.write(SHA256Digest(of: values).bytes + values, to: path)
        byteCount += size
    }

    /// A digest of everything besides the pixels that features depend on.
    private static func fingerprint(_ model: MiphaModel) throws -> [UInt8] {
        var digest = Array("\(model.config.vision) \(model.dtype)".utf8)
        for (name, tensor) in model.store.parameters where name.contains(".vision_tower.") {
            digest = try tensor.withBytes {
                SHA256Digest(of: $0, after: digest + Array(name.utf8)).bytes
            }
        }
        return digest
    }
}
