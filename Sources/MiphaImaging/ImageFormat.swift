import CMiphaImage

/// The file formats that are read.
package enum ImageFormat: String, Sendable {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"
    case gif = "GIF"

    /// Recognises a format by its first bytes, never by a file name.
    package init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = .png
        } else if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) {
            self = .gif
        } else if bytes.count >= 12, bytes.starts(with: "RIFF".utf8),
            bytes[8..<12].elementsEqual("WEBP".utf8)
        {
            self = .webp
        } else {
            return nil
        }
    }

    func size(
        of bytes: UnsafeBufferPointer<UInt8>, into size: inout mi_size,
        failure: inout mi_failure
    ) -> mi_status {
        guard let base = bytes.baseAddress else { return MI_TRUNCATED }
        return switch self {
        case .jpeg: unsafe mi_jpeg_size(base, bytes.count, &size, &failure)
        case .png: unsafe mi_png_size(base, bytes.count, &size, &failure)
        case .webp: unsafe mi_webp_size(base, bytes.count, &size, &failure)
        case .gif: unsafe mi_gif_size(base, bytes.count, &size, &failure)
        }
    }

    /// Decodes into `pixels`, which holds `3 * width * height` bytes.
    func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, size: mi_size,
        into pixels: UnsafeMutablePointer<UInt8>, failure: inout mi_failure
    ) -> mi_status {
        guard let base = bytes.baseAddress else { return MI_TRUNCATED }
        return switch self {
        case .jpeg: unsafe mi_jpeg_decode(base, bytes.count, size, pixels, &failure)
        case .png: unsafe mi_png_decode(base, bytes.count, size, pixels, &failure)
        case .webp: unsafe mi_webp_decode(base, bytes.count, size, pixels, &failure)
        case .gif: unsafe mi_gif_decode(base, bytes.count, size, pixels, &failure)
        }
    }
}
