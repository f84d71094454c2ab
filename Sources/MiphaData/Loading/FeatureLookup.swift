package import MiphaImaging
import Synchronization

/// Finds the features of images before the images are decoded.
///
/// An image without features is decoded once and shared by all samples that show it, as long as one of
/// them is prepared or learned from. Whoever computes and keeps its features before letting the samples
/// go can rely on the image not being decoded again, however far ahead samples are prepared.
package final class FeatureLookup: Sendable {
    /// Bytes of an image's features.
    package let byteCount: Int
    private let find: @Sendable (ImageID) -> [UInt8]?
    private let images = Mutex(SharedImages())

    /// - Parameters:
    ///   - byteCount: bytes of an image's features.
    ///   - find: gives the features of an image, `nil` when there are none; called on any thread.
    package init(byteCount: Int, find: @escaping @Sendable (ImageID) -> [UInt8]?) {
        self.byteCount = byteCount
        self.find = find
    }

    /// The features of a file's image, or the image.
    ///
    /// - Throws: `ImagingError` naming the file.
    func image(
        _ file: ImagePreparer.File, _ preparer: ImagePreparer
    ) throws(ImagingError) -> SampleImage {
        let (shared, isNew) = images.withLock { $0.image(file.id) }
        guard isNew else {
            if let content = shared.content() {
                return SampleImage(file.id, content, shared: shared)
            }
            // Another sample could not decode these bytes; this attempt names its own file.
            return SampleImage(try preparer.image(file))
        }
        do throws(ImagingError) {
            // Asked after the claim: features that others kept before letting the image go are found.
            let content =
                if let features = find(file.id) {
                    SampleImage.Content.features(features)
                } else {
                    SampleImage.Content.pixels(try preparer.image(file))
                }
            shared.settle(content)
            return SampleImage(file.id, content, shared: shared)
        } catch {
            shared.settle(nil)
            throw error
        }
    }
}

/// An image that one thread prepares and others wait for.
final class SharedImage: Sendable {
    private enum State: Sendable {
        case pending
        case settled(SampleImage.Content?)
    }

    private let state = Monitor(State.pending)

    /// Waits for what there is of the image; `nil` when it cannot be decoded.
    func content() -> SampleImage.Content? {
        state.wait { state in
            switch state {
            case .pending: nil
            case .settled(let content): .some(content)
            }
        }
    }

    /// Says what there is of the image.
    func settle(_ content: SampleImage.Content?) {
        state.change { $0 = .settled(content) }
    }
}

/// The images that are in use, by identity.
private struct SharedImages {
    private struct Reference {
        weak var image: SharedImage?
    }

    private var references: [ImageID: Reference] = [:]
    /// Number of references beyond which those to images that are gone are dropped.
    private var limit = 1024

    /// The image of an identity, and whether it is new and to be settled by the caller.
    mutating func image(_ id: ImageID) -> (image: SharedImage, isNew: Bool) {
        if let image = references[id]?.image { return (image, false) }
        if references.count >= limit {
            references = references.filter { $0.value.image != nil }
            limit = max(1024, 2 * references.count)
        }
        let image = SharedImage()
        references[id] = Reference(image: image)
        return (image, true)
    }
}
