import CMiphaImage

extension RGBImage {
    /// Returns the image as the bytes of an 8-bit RGB PNG file.
    ///
    /// - Throws: `ImagingError` when memory runs out.
    public func pngData() throws(ImagingError) -> [UInt8] {
        var encoded: UnsafeMutablePointer<UInt8>?
        var count = 0
        var failure = mi_failure()
        let size = mi_size(width: Int32(width), height: Int32(height))
        let status = unsafe pixels.withUnsafeBufferPointer { source in
            unsafe mi_png_encode(source.baseAddress, size, &encoded, &count, &failure)
        }
        guard status == MI_OK, let start = unsafe encoded else {
            throw ImagingError(
                status, failure, name: "an image of \(width) x \(height) pixels", subject: "PNG: ")
        }
        defer { unsafe mi_free(start) }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }
}
