import CMiphaImage

extension RGBImage {
    /// Reads a JPEG, PNG, WebP or GIF file.
    ///
    /// The pixels equal those of Pillow 13's `Image.open(path).convert("RGB")`: palettes are looked
    /// up, alpha is dropped, CMYK is taken as Adobe's inverted form, 16-bit grey is clipped at 255
    /// while other 16-bit samples keep their high byte, and of an animation only the first frame is
    /// read, on its canvas. The format is recognised by the bytes.
    ///
    /// - Parameters:
    ///   - path: a file-system path to a regular file.
    ///   - options: limits and choices.
    /// - Throws: `ImagingError` naming the path: unreadable, unknown, truncated, corrupt or too large.
    public init(
        contentsOf path: String, options: DecodeOptions = .init()
    ) throws(ImagingError) {
        let bytes = try readFile(path, limit: options.maximumFileBytes)
        try self.init(decoding: bytes, name: path, options: options)
    }

    /// Decodes the bytes of a JPEG, PNG, WebP or GIF file.
    ///
    /// A file whose data end early is an error even when every row could be had: a PNG must reach its
    /// `IEND` chunk and its check sums must hold, where Pillow forgives a cut after the last row.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call the image, usually its path.
    ///   - options: limits and choices.
    /// - Throws: `ImagingError` naming the image: unknown, truncated, corrupt or too large.
    public init(
        decoding bytes: [UInt8], name: String, options: DecodeOptions = .init()
    ) throws(ImagingError) {
        guard bytes.count <= options.maximumFileBytes else {
            throw fileLimit(name, size: UInt64(bytes.count), limit: options.maximumFileBytes)
        }
        guard let format = ImageFormat(bytes) else {
            throw ImagingError(
                .unsupported,
                "\(name): expected a JPEG, PNG, WebP or GIF file, found \(ForeignFile.words(bytes))"
            )
        }
        let size = try Self.size(of: bytes, format: format, name: name, options: options)
        let pixels = try Self.decode(bytes, format: format, size: size, name: name)
        let image = RGBImage(
            uncheckedWidth: Int(size.width), height: Int(size.height), pixels: pixels)
        if options.applyOrientation {
            self = image.oriented(Orientation(in: bytes, format: format))
        } else {
            self = image
        }
    }

    private static func size(
        of bytes: [UInt8], format: ImageFormat, name: String, options: DecodeOptions
    ) throws(ImagingError) -> mi_size {
        var size = mi_size()
        var failure = mi_failure()
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe format.size(of: buffer, into: &size, failure: &failure)
        }
        guard status == MI_OK else {
            throw ImagingError(status, failure, name: name, subject: "\(format.rawValue): ")
        }
        let limit = min(options.maximumPixels, maximumPixels)
        let (area, overflow) = Int(size.width).multipliedReportingOverflow(by: Int(size.height))
        guard size.width > 0, size.height > 0 else {
            throw ImagingError(
                .corrupt,
                "\(name): \(format.rawValue): the header declares \(size.width) x \(size.height) "
                    + "pixels, expected a positive size")
        }
        guard !overflow, area <= limit, max(size.width, size.height) <= maximumSide else {
            throw ImagingError(
                .limit,
                "\(name): \(format.rawValue): the header declares \(size.width) x \(size.height) "
                    + "pixels, the limit is \(limit) pixels, \(maximumSide) a side; make the "
                    + "image smaller")
        }
        return size
    }

    private static func decode(
        _ bytes: [UInt8], format: ImageFormat, size: mi_size, name: String
    ) throws(ImagingError) -> [UInt8] {
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
