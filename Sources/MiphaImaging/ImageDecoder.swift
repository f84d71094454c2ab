import CMiphaImage

/// The bytes of a JPEG, PNG, WebP or GIF file on their way to an image.
struct ImageDecoder {
    private let bytes: [UInt8]
    private let format: ImageFormat
    private let name: String
    private let options: DecodeOptions

    /// Recognises the format of a file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call the image.
    ///   - options: limits and choices.
    /// - Throws: `ImagingError` for a file that is too large or of another format.
    init(_ bytes: [UInt8], name: String, options: DecodeOptions) throws(ImagingError) {
        guard bytes.count <= options.maximumFileBytes else {
            throw fileLimit(name, size: UInt64(bytes.count), limit: options.maximumFileBytes)
        }
        guard let format = ImageFormat(bytes) else {
            throw ImagingError(
                .unsupported,
                "\(name): expected a JPEG, PNG, WebP or GIF file, found \(ForeignFile.words(bytes))"
            )
        }
        self.bytes = bytes
        self.format = format
        self.name = name
        self.options = options
    }

    /// Decodes the file, and turns the image as it says where the options ask for that.
    ///
    /// - Throws: `ImagingError` naming the image: truncated, corrupt or too large.
    func image() throws(ImagingError) -> RGBImage {
        let size = try size()
        let image = RGBImage(
            uncheckedWidth: Int(size.width), height: Int(size.height), pixels: try pixels(size))
        guard options.applyOrientation else { return image }
        return image.oriented(Orientation(in: bytes, format: format))
    }

    /// The size that the header declares, checked against the limits.
    private func size() throws(ImagingError) -> mi_size {
        var size = mi_size()
        var failure = mi_failure()
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe format.size(of: buffer, into: &size, failure: &failure)
        }
        guard status == MI_OK else {
            throw ImagingError(status, failure, name: name, subject: "\(format.rawValue): ")
        }
        let limit = min(options.maximumPixels, RGBImage.maximumPixels)
        let (area, overflow) = Int(size.width).multipliedReportingOverflow(by: Int(size.height))
        guard size.width > 0, size.height > 0 else {
            throw ImagingError(
                .corrupt,
                "\(name): \(format.rawValue): the header declares \(size.width) x \(size.height) "
                    + "pixels, expected a positive size")
        }
        guard !overflow, area <= limit, max(size.width, size.height) <= RGBImage.maximumSide
        else {
            throw ImagingError(
                .limit,
                "\(name): \(format.rawValue): the header declares \(size.width) x \(size.height) "
                    + "pixels, the limit is \(limit) pixels, \(RGBImage.maximumSide) a side; make the "
                    + "image smaller")
        }
        return size
    }

    private func pixels(_ size: mi_size) throws(ImagingError) -> [UInt8] {
        let count = 3 * Int(size.width) * Int(size.height)
        var status = MI_CORRUPT
        var failure = mi_failure()
        let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            guard let base = target.baseAddress else { return }
            status = unsafe bytes.withUnsafeBufferPointer { buffer in
                unsafe format.decode(buffer, size: size, into: base, failure: &failure)
            }
            initialized = status == MI_OK ? count : 0
        }
        guard status == MI_OK else {
            throw ImagingError(status, failure, name: name, subject: "\(format.rawValue): ")
        }
        return pixels
    }
}

private func fileLimit(_ name: String, size: UInt64, limit: Int) -> ImagingError {
    ImagingError(.limit, "\(name): the file has \(size) bytes, the limit is \(limit) bytes")
}

/// Reads a regular file of at most `limit` bytes.
func readFile(_ path: String, limit: Int) throws(ImagingError) -> [UInt8] {
    var size: UInt64 = 0
    var failure = mi_failure()
    var status = unsafe mi_file_size(path, &size, &failure)
    guard status == MI_OK else {
        let error = ImagingError(status, failure, name: path, subject: "")
        throw ImagingError(error.code, error.message + MissingImage.hint(for: path))
    }
    guard let count = Int(exactly: size), count <= limit else {
        throw fileLimit(path, size: size, limit: limit)
    }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
        guard let base = target.baseAddress, count > 0 else { return }
        status = unsafe mi_file_read(path, base, count, &failure)
        initialized = status == MI_OK ? count : 0
    }
    guard status == MI_OK else {
        throw ImagingError(status, failure, name: path, subject: "")
    }
    return bytes
}
