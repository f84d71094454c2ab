import MiphaFiles
import Synchronization

/// Prepares images with one processor, and knows their identities before they are decoded.
///
/// Any number of threads may use it at once.
public struct ImagePreparer: Sendable {
    /// The preprocessing.
    public let processor: ImageProcessor
    /// What to do with images that are not square.
    public let aspectRatio: ImageAspectRatio
    /// Counts the images that are decoded; copies share it.
    package let decodings = DecodingCounter()
    private let settings: SHA256Digest

    /// Makes a preparer.
    public init(_ processor: ImageProcessor, aspectRatio: ImageAspectRatio) {
        self.processor = processor
        self.aspectRatio = aspectRatio
        settings = SHA256Digest(of: Array(processor.settings(aspectRatio).utf8))
    }

    /// Prepares a JPEG, PNG, WebP or GIF file.
    ///
    /// - Throws: `ImagingError` naming the path.
    public func image(contentsOf path: String) throws(ImagingError) -> PreparedImage {
        try image(file(path))
    }

    /// Prepares the bytes of an image file; `name` is what messages call it.
    ///
    /// The identity is that of a file with these bytes.
    ///
    /// - Throws: `ImagingError` naming the image.
    public func image(
        decoding bytes: [UInt8], name: String
    ) throws(ImagingError) -> PreparedImage {
        try image(file(bytes, name: name))
    }

    /// Prepares an image in memory; its identity is that of its samples.
    ///
    /// - Throws: `ImagingError` when an intermediate image would be too large.
    public func image(_ image: RGBImage) throws(ImagingError) -> PreparedImage {
        let id = ImageID(
            .samples, SHA256Digest(of: image.pixels), shape: [image.height, image.width, 3],
            settings: settings)
        return try prepared(image, id, aspectRatio)
    }

    /// An image of the mean colour, which stands for one that cannot be decoded.
    ///
    /// - Throws: `ImagingError` when it would be too large.
    package func meanColour() throws(ImagingError) -> PreparedImage {
        let (red, green, blue) = processor.padColour
        let area = processor.outputWidth * processor.outputHeight
        var colours: [UInt8] = []
        colours.reserveCapacity(3 * area)
        for _ in 0..<area { colours += [red, green, blue] }
        let image = try RGBImage(
            width: processor.outputWidth, height: processor.outputHeight, pixels: colours)
        let id = ImageID(.meanColour, SHA256Digest(of: []), settings: settings)
        return try prepared(image, id, .square)
    }

    // MARK: Files

    /// An image file that is read, not decoded.
    package struct File: Sendable {
        /// What messages call it.
        let name: String
        let bytes: [UInt8]
        /// The identity of its image.
        package let id: ImageID
    }

    /// Reads an image file without decoding it.
    ///
    /// - Throws: `ImagingError` naming the path.
    package func file(_ path: String) throws(ImagingError) -> File {
        try file(readFile(path, limit: DecodeOptions().maximumFileBytes), name: path)
    }

    private func file(_ bytes: [UInt8], name: String) -> File {
        File(
            name: name, bytes: bytes,
            id: ImageID(.file, SHA256Digest(of: bytes), settings: settings))
    }

    /// Decodes and prepares a file that was read.
    ///
    /// - Throws: `ImagingError` naming the file.
    package func image(_ file: File) throws(ImagingError) -> PreparedImage {
        decodings.add()
        let image = try RGBImage(decoding: file.bytes, name: file.name)
        do throws(ImagingError) {
            return try prepared(image, file.id, aspectRatio)
        } catch {
            throw error.about(file.name)
        }
    }

    private func prepared(
        _ image: RGBImage, _ id: ImageID, _ aspectRatio: ImageAspectRatio
    ) throws(ImagingError) -> PreparedImage {
        let values = try processor.pixelValues(image, aspectRatio: aspectRatio)
        return PreparedImage(
            id: id,
            pixels: PixelBlock(
                unchecked: values, channels: 3, height: processor.outputHeight,
                width: processor.outputWidth))
    }
}

/// Counts the images that a preparer decodes.
package final class DecodingCounter: Sendable {
    private let value = Atomic(0)

    /// Image files that were given to a decoder so far, those that it refused included.
    package var count: Int { value.load(ordering: .acquiring) }

    func add() { value.add(1, ordering: .acquiringAndReleasing) }
}
