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
        self = try ImageDecoder(bytes, name: name, options: options).image()
    }
}
