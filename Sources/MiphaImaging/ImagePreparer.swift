import MiphaFiles
import Synchronization

/// Prepares images with the processors of a model, one for each of its vision towers, and knows their
/// identities before they are decoded.
///
/// An image is decoded once, whatever the number of processors.
/// Any number of threads may use it at once.
public struct ImagePreparer: Sendable {
    /// The preprocessing, a processor for each block of pixels.
    public let processors: [ImageProcessor]
    /// What to do with images that are not square.
    public let aspectRatio: ImageAspectRatio
    /// Counts the images that are decoded; copies share it.
    package let decodings = DecodingCounter()
    private let settings: SHA256Digest

    /// Makes a preparer of images with one block of pixels.
    public init(_ processor: ImageProcessor, aspectRatio: ImageAspectRatio) {
        self.init([processor], aspectRatio: aspectRatio)
    }

    /// Makes a preparer of images with a block of pixels for each processor, of which there is one at
    /// least.
    public init(_ processors: [ImageProcessor], aspectRatio: ImageAspectRatio) {
        precondition(!processors.isEmpty, "images need a processor")
        self.processors = processors
        self.aspectRatio = aspectRatio
        let digests = processors.map {
            SHA256Digest(of: Array($0.settings(aspectRatio).utf8))
        }
        // Identities of images with one block must not change: caches and answers go by them.
        settings = digests.count == 1 ? digests[0] : SHA256Digest(joining: digests)
    }

    /// Number of values of an image's pixels.
    package var valueCount: Int {
        processors.reduce(0) { $0 + 3 * $1.outputWidth * $1.outputHeight }
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

    /// An image of the mean colour of each processor, which stands for one that cannot be decoded.
    ///
    /// - Throws: `ImagingError` when it would be too large.
    package func meanColour() throws(ImagingError) -> PreparedImage {
        PreparedImage(
            id: ImageID(.meanColour, SHA256Digest(of: []), settings: settings),
            pixels: try blocks { (processor) throws(ImagingError) in
                let (red, green, blue) = processor.padColour
                let area = processor.outputWidth * processor.outputHeight
                var colours: [UInt8] = []
                colours.reserveCapacity(3 * area)
                for _ in 0..<area { colours += [red, green, blue] }
                let image = try RGBImage(
                    width: processor.outputWidth, height: processor.outputHeight, pixels: colours)
                return try processor.block(image, aspectRatio: .square)
            })
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
        PreparedImage(
            id: id,
            pixels: try blocks { (processor) throws(ImagingError) in
                try processor.block(image, aspectRatio: aspectRatio)
            })
    }

    /// A block of each processor.
    private func blocks(
        _ make: (ImageProcessor) throws(ImagingError) -> PixelBlock
    ) throws(ImagingError) -> PixelBlocks {
        let first = try make(processors[0])
        var others: [PixelBlock] = []
        for processor in processors.dropFirst() { others.append(try make(processor)) }
        return PixelBlocks(first, others)
    }
}

extension ImageProcessor {
    /// The pixels of an image as a block.
    fileprivate func block(
        _ image: RGBImage, aspectRatio: ImageAspectRatio
    ) throws(ImagingError) -> PixelBlock {
        PixelBlock(
            unchecked: try pixelValues(image, aspectRatio: aspectRatio), channels: 3,
            height: outputHeight, width: outputWidth)
    }
}

/// Counts the images that a preparer decodes.
package final class DecodingCounter: Sendable {
    private let value = Atomic(0)

    /// Image files that were given to a decoder so far, those that it refused included.
    package var count: Int { value.load(ordering: .acquiring) }

    func add() { value.add(1, ordering: .acquiringAndReleasing) }
}
