public import MiphaData
import MiphaFiles
import MiphaImaging
public import MiphaModels
import MiphaNN
public import MiphaTorch

/// The features that a frozen tower computes for each image, kept on disk so that later epochs need
/// neither the tower nor the decoded image.
///
/// An entry is named by the identity of the image: a digest of its file's bytes and of the settings
/// of the processor. It lies in a folder of everything else it depends on: tower weights, element
/// type and selected layer. The loader asks ``lookup`` before it decodes an image. The tower sees
/// one image at a time, so that an entry does not depend on the batch in which its image came
/// first; losses are the same to the bit with an empty store, a full one, or one whose budget is
/// spent. Each entry contains a digest of its values: one that is damaged, or cannot be read, is
/// computed again.
///
/// When the budget is spent, entries of towers and settings that no process uses make room, and
/// then no entry is added. Entries of the own tower stay: an epoch comes back to all of its images,
/// so one that made room for another would be missed next. An entry that cannot be written, as on a
/// full disk, is the last that is tried.
public final class FeatureStore {
    /// The numbers of image look-ups.
    public struct Counts: Sendable, Equatable {
        /// Images whose features were found.
        public var hits: Int
        /// Images that the tower had to see.
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
    private let reader: FeatureReader?
    private let tower: any VisionTower
    private let dtype: DType
    private let device: Device
    /// Finds entries before images are decoded, on any thread; `nil` without a folder.
    package let lookup: FeatureLookup?

    /// Opens a store, which is created if necessary.
    ///
    /// - Parameters:
    ///   - model: the model whose tower is frozen.
    ///   - budget: bytes of all entries, those of other towers included.
    ///   - writers: number of processes that open the folder at the same time; each may spend an
    ///     equal part of what is left of the budget.
    /// - Throws: `FileError` when the folder cannot be made or read; `TensorError`.
    public init(folder: String?, budget: Int, model: MiphaModel, writers: Int = 1) throws {
        self.folder = folder
        self.budget = budget
        tower = model.tower
        dtype = model.dtype
        device = model.device
        room = 0
        guard let folder else {
            (folders, reader, lookup) = (nil, nil, nil)
            return
        }
        let folders = try FeatureFolders(root: folder, fingerprint: Self.fingerprint(model))
        let reader = FeatureReader(
            folder: folders.own,
            byteCount: tower.grid.count * tower.grid.width * model.dtype.byteCount)
        (self.folders, self.reader) = (folders, reader)
        lookup = FeatureLookup(byteCount: reader.byteCount) { reader.values(of: $0) }
        byteCount = folders.byteCount()
        room = (budget - byteCount) / writers
        makeRoom(for: 0)
    }

    private var shape: [Int] { [1, tower.grid.count, tower.grid.width] }

    /// Why no more entries are written, if that is so; it is reported once.
    public func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// The features of a batch's images, `[images, patches, width]` in the model's element type.
    ///
    /// They are on the CPU where all were found, else where the model is: what was found travels there
    /// together.
    ///
    /// - Throws: `TensorError`.
    public func features(of images: [SampleImage]) throws -> Tensor? {
        guard !images.isEmpty else { return nil }
        let sent = try sentPixels(of: images)
        var values: [UInt8] = []
        let parts = try images.enumerated().map { place, image in
            let part = try features(of: image, sent?.narrowed(0, from: place, length: 1))
            if case .found(let own) = part { values += own }
            return part
        }
        let all = try Tensor.copying(
            values, shape: [parts.count { $0.tensor == nil }] + shape.dropFirst(), dtype: dtype)
        if all.size(0) == images.count { return all }
        let found = try all.uploaded(to: device)
        var place = 0
        let tensors = try parts.map { part in
            if let tensor = part.tensor { return tensor }
            defer { place += 1 }
            return try found.narrowed(0, from: place, length: 1)
        }
        return try .concatenating(tensors, along: 0)
    }

    /// The features of an image: an entry's values, or what the tower has just given.
    private enum Part {
        case found([UInt8])
        case computed(Tensor)

        /// What was computed.
        var tensor: Tensor? {
            if case .computed(let tensor) = self { tensor } else { nil }
        }
    }

    /// The pixels of all images on a device, where the tower is to see all of them.
    private func sentPixels(of images: [SampleImage]) throws -> Tensor? {
        let prepared = images.compactMap(\.prepared)
        guard device.isAccelerator, reader == nil, prepared.count == images.count else {
            return nil
        }
        return try .joining(
            prepared.values, shape: [prepared.count] + prepared[0].pixels.sizes
        ).uploaded(to: device)
    }

    /// - Parameter pixels: those of the image, where they are on the device already.
    private func features(of image: SampleImage, _ pixels: Tensor?) throws -> Part {
        switch image.content {
        case .features(let values): return found(values)
        case .pixels(let prepared):
            guard let reader else { return .computed(try computed(prepared, pixels)) }
            // They may have been computed after the image was prepared.
            if let values = reader.values(of: image.id) { return found(values) }
            let features = try computed(prepared)
            try keep(features, of: image.id, reader)
            return .computed(features)
        }
    }

    private func found(_ values: [UInt8]) -> Part {
        counts.hits += 1
        return .found(values)
    }

    private func computed(_ image: PreparedImage, _ pixels: Tensor? = nil) throws -> Tensor {
        counts.misses += 1
        return try withoutGradients { () throws(TensorError) in
            let own: Tensor
            if let pixels {
                own = pixels
            } else {
                own = try .joining([image].values, shape: [1] + image.pixels.sizes)
            }
            return try tower.segments(dropout: nil).run(own.uploaded(to: device))
        }
    }

    private func keep(_ features: Tensor, of id: ImageID, _ reader: FeatureReader) throws {
        guard let folders, !isClosed, makeRoom(for: reader.entrySize) else { return }
        let values = try features.bytes()
        do {
            try folders.write(FeatureReader.entry(values), to: reader.path(id))
            byteCount += reader.entrySize
            room -= reader.entrySize
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

    /// A digest of everything besides the image that features depend on, and of how entries are
    /// named.
    private static func fingerprint(_ model: MiphaModel) throws -> [UInt8] {
        var digest = Array("images 2 \(model.config.vision) \(model.dtype)".utf8)
        for fact in model.store.facts where fact.part == .tower {
            guard let tensor = model.store[fact.name] else { continue }
            digest = try tensor.withBytes {
                SHA256Digest(of: $0, after: digest + Array(fact.name.utf8)).bytes
            }
        }
        return digest
    }
}
