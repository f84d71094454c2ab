import MiphaFiles
public import MiphaModels
import MiphaNN
public import MiphaTorch

/// What a frozen tower gives for each picture, kept on disk so that later epochs need no tower.
///
/// An entry is found by the digest of the picture's pixels, in a folder of everything else it depends
/// on: tower weights, element type and selected layer. The tower sees one picture at a time, so that
/// an entry does not depend on the batch in which its picture came first; losses are the same to the
/// bit with an empty store, a full one, or one whose budget is spent. Each entry carries a digest of
/// its bytes: one that is damaged, or cannot be read, is computed again.
///
/// When the budget is spent, entries of towers and settings that no process uses make room, and then
/// no entry is added. Entries of the own tower stay: an epoch comes back to all of its pictures, so
/// one that made room for another would be missed next. An entry that cannot be written, as on a
/// full disk, is the last that is tried.
public final class FeatureStore {
    /// How often pictures were looked up.
    public struct Counts: Sendable, Equatable {
        /// Pictures that were found.
        public var hits: Int
        /// Pictures that the tower had to see.
        public var misses: Int

        /// Creates counts.
        public init(hits: Int = 0, misses: Int = 0) {
            self.hits = hits
            self.misses = misses
        }

        static func - (all: Counts, before: Counts) -> Counts {
            Counts(hits: all.hits - before.hits, misses: all.misses - before.misses)
        }
    }

    /// Folder of the entries; `nil` keeps none.
    public let folder: String?
    /// Largest number of bytes on disk.
    public let budget: Int
    /// Bytes on disk, as far as this process knows.
    public private(set) var byteCount = 0
    /// The look-ups so far.
    public private(set) var counts = Counts()

    /// Bytes that this process may still add.
    private var room: Int
    private var isClosed = false
    private var failure: String?
    private let folders: FeatureFolders?
    private let tower: any VisionTower
    private let dtype: DType
    private let device: Device
    private let settings: [UInt8]

    /// Opens a store, which is made if need be.
    ///
    /// - Parameters:
    ///   - model: the model whose tower is frozen.
    ///   - budget: bytes of all entries, those of other towers included.
    ///   - writers: number of processes that open the folder at the same time; each may spend an equal
    ///     part of what is left of the budget.
    /// - Throws: `FileError` when the folder cannot be made or read; `TensorError`.
    public init(folder: String?, budget: Int, model: MiphaModel, writers: Int = 1) throws {
        self.folder = folder
        self.budget = budget
        tower = model.tower
        dtype = model.dtype
        device = model.device
        room = 0
        guard let folder else {
            settings = []
            folders = nil
            return
        }
        settings = try Self.fingerprint(model)
        let folders = try FeatureFolders(root: folder, fingerprint: settings)
        self.folders = folders
        byteCount = folders.byteCount()
        room = (budget - byteCount) / writers
        makeRoom(for: 0)
    }

    private static let digestLength = 32

    private var shape: [Int] { [1, tower.patchCount, tower.width] }
    private var entrySize: Int { shape.reduce(dtype.byteCount, *) + Self.digestLength }

    /// Why no more entries are written, if that is so; it is told once.
    public func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// The features of a batch's pictures, `[images, patches, width]` in the model's element type.
    ///
    /// - Parameter pictures: pixels of each picture, `3 * side * side` values.
    /// - Throws: `TensorError`.
    public func features(of pictures: [[Float]]) throws -> Tensor? {
        guard !pictures.isEmpty else { return nil }
        return try .concatenating(pictures.map(features), along: 0)
    }

    private func features(of pixels: [Float]) throws -> Tensor {
        guard let folders else { return try computed(pixels) }
        let path = folders.path(SHA256Digest(of: pixels, after: settings))
        if let found = try stored(path) {
            counts.hits += 1
            return found
        }
        let computed = try computed(pixels)
        try keep(computed, at: path, folders)
        return computed
    }

    private func computed(_ pixels: [Float]) throws -> Tensor {
        counts.misses += 1
        let side = tower.imageSize
        return try withoutGradients { () throws(TensorError) in
            try tower.segments(dropout: nil).run(
                Tensor(pixels, shape: [1, 3, side, side]).to(device: device))
        }
    }

    /// The entry at a path; nil when there is none, or none that is whole.
    private func stored(_ path: String) throws -> Tensor? {
        // Another process may remove an entry at any moment.
        guard FileSystem.kind(path) == .file,
            let bytes = try? FileSystem.read(path, limit: entrySize), bytes.count == entrySize
        else { return nil }
        let values = Array(bytes[Self.digestLength...])
        guard Array(bytes[..<Self.digestLength]) == SHA256Digest(of: values).bytes else {
            return nil
        }
        return try Tensor.copying(values, shape: shape, dtype: dtype).to(device: device)
    }

    private func keep(_ features: Tensor, at path: String, _ folders: FeatureFolders) throws {
        guard !isClosed, makeRoom(for: entrySize) else { return }
        let values = try features.bytes()
        do {
            try folders.write(SHA256Digest(of: values).bytes + values, to: path)
            byteCount += entrySize
            room -= entrySize
        } catch {
            isClosed = true
            failure = "feature_cache: no more entries are written: \(error)"
        }
    }

    /// Removes entries of other towers until so many bytes may be added.
    ///
    /// - Returns: whether they may.
    @discardableResult
    private func makeRoom(for size: Int) -> Bool {
        while room < size, let freed = folders?.removeOne() {
            room += freed
            byteCount -= freed
        }
        return room >= size
    }

    /// A digest of everything besides the pixels that features depend on.
    private static func fingerprint(_ model: MiphaModel) throws -> [UInt8] {
        var digest = Array("\(model.config.vision) \(model.dtype)".utf8)
        for fact in model.store.facts where fact.part == .tower {
            guard let tensor = model.store[fact.name] else { continue }
            digest = try tensor.withBytes {
                SHA256Digest(of: $0, after: digest + Array(fact.name.utf8)).bytes
            }
        }
        return digest
    }
}
