import Crypto
import Foundation

/// Hashes of a file.
struct FileSums: Sendable, Equatable {
    let bytes: Int
    let sha256: String
    let md5: String?

    /// Reads a file once, in pieces.
    init(contentsOf path: String, withMD5: Bool) throws(DownloadError) {
        var (long, short) = (SHA256(), Insecure.MD5())
        var count = 0
        do {
            guard let file = FileHandle(forReadingAtPath: path) else {
                throw DownloadError(.missingFile, "cannot read \(path)")
            }
            defer { try? file.close() }
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
                long.update(data: piece)
                if withMD5 { short.update(data: piece) }
                count += piece.count
            }
        } catch let error as DownloadError {
            throw error
        } catch {
            throw DownloadError(.system, "cannot read \(path): \(error.localizedDescription)")
        }
        bytes = count
        sha256 = Self.hex(Array(long.finalize()))
        md5 = withMD5 ? Self.hex(Array(short.finalize())) : nil
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
