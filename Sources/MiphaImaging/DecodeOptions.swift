/// Limits and choices of image decoding.
public struct DecodeOptions: Sendable, Equatable {
    /// The largest number of pixels a file may declare.
    ///
    /// Checked before any pixel is decoded; never more than ``RGBImage/maximumPixels``. No side may
    /// have more than ``RGBImage/maximumSide``.
    public var maximumPixels: Int

    /// The largest file that is read, in bytes.
    public var maximumFileBytes: Int

    /// Whether the EXIF orientation of the file turns and mirrors the image.
    ///
    /// Off by default, as `PIL.Image.open` and with it the reference preprocessing ignore the tag.
    public var applyOrientation: Bool

    /// Makes options; the defaults are Pillow's pixel limit, 1 GiB, and no orientation.
    public init(
        maximumPixels: Int = RGBImage.maximumPixels, maximumFileBytes: Int = 1 << 30,
        applyOrientation: Bool = false
    ) {
        self.maximumPixels = maximumPixels
        self.maximumFileBytes = maximumFileBytes
        self.applyOrientation = applyOrientation
    }
}
