import MiphaFiles
import MiphaImaging

/// The first 128 bits of a SHA-256, which stand for a text or an image.
struct Fingerprint: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ bytes: [UInt8]) {
        let digest = SHA256Digest(of: bytes).bytes
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Of an image's size and pixels, so the kind of the file and its metadata do not count.
    init(_ image: RGBImage) {
        let pixels = SHA256Digest(of: image.pixels).bytes
        self.init(Array("\(image.width)x\(image.height):".utf8) + pixels)
    }
}
