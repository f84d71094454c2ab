package import MiphaFiles

/// The identity of an image for a model: what the image is, and how it becomes pixels.
///
/// Two images with the same identity have the same pixels. The identity of an image file is a digest
/// of its bytes and of the settings of all processors, so that it is known before the file is decoded,
/// and does not depend on the file's path.
public struct ImageID: Sendable, Hashable, CustomStringConvertible {
    /// SHA-256 of everything that the pixels depend on.
    package let digest: SHA256Digest

    /// What the content is that an identity is a digest of.
    enum Content: String {
        /// The bytes of an image file.
        case file
        /// 8-bit RGB samples, before preprocessing.
        case samples
        /// Values after preprocessing.
        case values
        /// The image of the mean colour, which stands for one that cannot be decoded.
        case meanColour
    }

    /// - Parameters:
    ///   - content: digest of the content's bytes.
    ///   - shape: the sizes that these bytes are read with.
    ///   - settings: digest of the processors' settings; `nil` after preprocessing.
    init(
        _ kind: Content, _ content: SHA256Digest, shape: [Int] = [], settings: SHA256Digest? = nil
    ) {
        let text = "\(kind.rawValue) \(shape) \(settings?.hex ?? "none") \(content.hex)"
        digest = SHA256Digest(of: Array(text.utf8))
    }

    /// 64 hexadecimal digits.
    public var description: String { digest.hex }
}

/// The values of an image as a vision tower reads them.
public struct PixelBlock: Sendable, Equatable {
    /// Number of channels.
    public let channels: Int
    /// Number of rows.
    public let height: Int
    /// Number of columns.
    public let width: Int
    /// `[channels, height, width]` values in row-major order.
    public let values: [Float]

    /// Channels, height and width.
    public var shape: [Int] { [channels, height, width] }

    /// Wraps values that are in memory already.
    ///
    /// - Throws: `ImagingError` when the number of values is not the product of the sizes.
    public init(
        channels: Int = 3, height: Int, width: Int, values: [Float]
    ) throws(ImagingError) {
        guard channels > 0, height > 0, width > 0,
            values.count == channels * height * width
        else {
            throw ImagingError(
                .argument,
                "pixels of \(channels) x \(height) x \(width): expected positive sizes and as many "
                    + "values, found \(values.count) values")
        }
        self.init(unchecked: values, channels: channels, height: height, width: width)
    }

    init(unchecked values: [Float], channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values
    }
}

/// An image that is ready for a vision tower.
///
/// Images are equal when their identities are; no pixel is compared. Copies share their pixels.
public struct PreparedImage: Sendable, Hashable {
    /// Which image it is.
    public let id: ImageID
    /// Its pixels, a block for each processor.
    public let pixels: PixelBlocks

    init(id: ImageID, pixels: PixelBlocks) {
        self.id = id
        self.pixels = pixels
    }

    /// Wraps pixels that were prepared elsewhere; their values and sizes are the identity.
    public init(_ pixels: PixelBlock) {
        self.init(PixelBlocks(pixels))
    }

    /// Wraps blocks that were prepared elsewhere; their values, sizes and order are the identity.
    public init(_ pixels: PixelBlocks) {
        let ids = pixels.map { block in
            ImageID(.values, SHA256Digest(of: block.values, after: []), shape: block.shape)
        }
        self.init(
            id: ids.count == 1
                ? ids[0] : ImageID(.values, SHA256Digest(joining: ids.map(\.digest))),
            pixels: pixels)
    }

    /// Whether two images have the same identity.
    public static func == (a: PreparedImage, b: PreparedImage) -> Bool { a.id == b.id }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension SHA256Digest {
    /// The digest of several digests in their order.
    init(joining digests: [SHA256Digest]) {
        self.init(of: digests.flatMap(\.bytes))
    }
}
