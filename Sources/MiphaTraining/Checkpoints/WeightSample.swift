import MiphaCheckpoints
import MiphaFiles

/// A digest of the weights in a model's folder that reads a little of each tensor.
///
/// It covers name, dtype and shape of every tensor and 64 bytes each at its beginning, middle and end:
/// an optimiser changes a tensor as a whole, so that other training shows there.
enum WeightSample {
    private static let length = 64

    /// - Returns: SHA-256 in hexadecimal digits; the same for other shards of the same tensors.
    static func digest(_ checkpoint: Checkpoint) -> String {
        let tensors = checkpoint.files.flatMap { file in
            file.entries.map { (file: file, entry: $0) }
        }
        var digest = SHA256Digest(of: [])
        for (file, entry) in tensors.sorted(by: { $0.entry.name < $1.entry.name }) {
            let name = "\(entry.name) \(entry.scalarType) \(entry.shape)\n"
            digest = SHA256Digest(of: Array((digest.hex + name).utf8))
            file.withSpan(of: entry) { span in
                let last = max(0, span.byteCount - length)
                for start in [0, last / 2, last] {
                    let piece = span.extracting(start..<min(start + length, span.byteCount))
                    digest = SHA256Digest(of: piece, after: Array(digest.hex.utf8))
                }
            }
        }
        return digest.hex
    }
}
