import Foundation
import MiphaFiles

/// How many bytes of images may still be put into a page, and what did not fit.
struct PictureBudget {
    /// Bytes that are left.
    var rest: Int
    /// Number of images that were left out.
    var leftOut = 0

    init(rest: Int) {
        self.rest = rest
    }

    /// The image as a `data:` address, or why it is not shown.
    mutating func take(_ picture: EvaluationReport.Picture) -> PictureShown {
        let bytes: [UInt8]
        switch picture {
        case .bytes(let given): bytes = given
        case .file(let path):
            do {
                bytes = try FileSystem.read(path, limit: max(rest, 0))
            } catch {
                if FileSystem.kind(path) == .file { leftOut += 1 }
                return .note(
                    FileSystem.kind(path) == .file
                        ? "Image left out for its size." : "Image not found.")
            }
        }
        guard let type = Self.type(bytes) else {
            return .note("Image not shown: expected PNG, JPEG, GIF or WebP.")
        }
        guard bytes.count <= rest else {
            leftOut += 1
            return .note("Image left out for its size.")
        }
        rest -= bytes.count
        return .address("data:\(type);base64,\(Data(bytes).base64EncodedString())")
    }

    /// The media type by the first bytes.
    static func type(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return "image/png"
        }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if bytes.starts(with: Array("GIF8".utf8)) { return "image/gif" }
        if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            return "image/webp"
        }
        return nil
    }
}

/// What became of an image.
enum PictureShown {
    case address(String)
    case note(String)
}
