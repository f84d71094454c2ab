public import MiphaImaging

/// An image of a sample: its pixels, or what a frozen tower gave for it before.
///
/// Images are equal when their identities are.
public struct SampleImage: Sendable, Equatable {
    /// What there is of an image.
    public enum Content: Sendable {
        /// The image.
        case pixels(PreparedImage)
        /// The bytes of its features, as a ``FeatureLookup`` found them; the image was not decoded.
        case features([UInt8])
    }

    /// Which image it is.
    public let id: ImageID
    /// What there is of it.
    public let content: Content
    /// Keeps the image known to the lookup that it came from.
    private let shared: SharedImage?

    init(_ id: ImageID, _ content: Content, shared: SharedImage?) {
        self.id = id
        self.content = content
        self.shared = shared
    }

    /// Wraps an image.
    public init(_ image: PreparedImage) {
        self.init(image.id, .pixels(image), shared: nil)
    }

    /// The image; `nil` where only its features are there.
    public var prepared: PreparedImage? {
        if case .pixels(let image) = content { image } else { nil }
    }

    /// The memory that pixels or features take, in bytes.
    public var byteCount: Int {
        switch content {
        case .pixels(let image): image.pixels.valueCount * MemoryLayout<Float>.size
        case .features(let bytes): bytes.count
        }
    }

    /// Whether two images have the same identity.
    public static func == (a: SampleImage, b: SampleImage) -> Bool { a.id == b.id }
}
