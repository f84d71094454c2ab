import MiphaFiles

/// What a file is that is not an image of a format that is read.
enum ForeignFile {
    /// The file in words, with what to do.
    static func words(_ bytes: [UInt8]) -> String {
        if bytes.isEmpty { return "an empty file" }
        if let brand = brand(bytes) { return brand }
        if let known = known.first(where: { bytes.starts(with: $0.start) }) {
            return known.words + (known.isPicture ? conversion : "")
        }
        let start = String(decoding: bytes.prefix(512), as: UTF8.self).lowercased()
            .drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        if start.hasPrefix("<svg") || start.hasPrefix("<?xml") && start.contains("<svg") {
            return "a drawing (SVG)" + conversion
        }
        if start.hasPrefix("<!doctype") || start.hasPrefix("<html") || start.hasPrefix("<?xml") {
            return "a web page, as failed downloads leave behind; download the image again"
        }
        if bytes.prefix(4096).allSatisfy({ $0 == 0 }) {
            return "zeros, as interrupted copies leave behind; copy the image again"
        }
        let digits = bytes.prefix(4).map { byte in
            let text = String(byte, radix: 16)
            return text.count < 2 ? "0" + text : text
        }
        return "bytes " + digits.joined(separator: " ")
    }

    private static let conversion = "; convert it to one of these"

    private static let known: [(start: [UInt8], words: String, isPicture: Bool)] = [
        (text("II*\0"), "a TIFF image", true), (text("MM\0*"), "a TIFF image", true),
        (text("II+\0"), "a BigTIFF image", true), (text("MM\0+"), "a BigTIFF image", true),
        (text("BM"), "a BMP image", true), ([0xFF, 0x0A], "a JPEG XL image", true),
        (text("\0\0\0\u{C}JXL "), "a JPEG XL image", true),
        (text("\0\0\0\u{C}jP  "), "a JPEG 2000 image", true),
        ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 image", true),
        ([0, 0, 1, 0], "an icon (ICO)", true), (text("8BPS"), "a Photoshop image", true),
        (text("P4"), "a PBM image", true), (text("P5"), "a PGM image", true),
        (text("P6"), "a PPM image", true), (text("%PDF"), "a PDF document", true),
        (text("PK\u{3}\u{4}"), "a zip archive; unpack it", false),
        ([0x1F, 0x8B], "a gzip archive; unpack it", false),
        ([0x1A, 0x45, 0xDF, 0xA3], "a video (Matroska); only still images are read", false),
        (
            FileSignature.largeFilePointer,
            "a pointer of Git LFS; fetch the file with 'git lfs pull'", false
        ),
    ]

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// The files that start with a box of their brand, as phones and cameras write them.
    private static func brand(_ bytes: [UInt8]) -> String? {
        guard bytes.count >= 12, bytes[4..<8].elementsEqual("ftyp".utf8) else { return nil }
        let name = String(decoding: bytes[8..<12], as: UTF8.self)
        switch name {
        case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
            return "a HEIC image, as iPhones write them (brand \(name))" + conversion
        case "avif", "avis": return "an AVIF image" + conversion
        case "crx ": return "a raw photograph (Canon)" + conversion
        default: return "a video (brand \(name)); only still images are read"
        }
    }
}
