import Foundation
import MiphaImaging
import Testing

/// The folders the tests read, found from this file's place in the package.
enum TestFolders {
    static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let images = package.appending(path: "Fixtures/images")

    /// The photographs, when the shared data are there.
    static let photos: URL? = {
        let named = ProcessInfo.processInfo.environment["MIPHA_SHARED_DATA"]
        let data = named.map { URL(filePath: $0) } ?? package.appending(path: "../shared/data")
        let folder = data.appending(path: "photos")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static func table<Table: Decodable>(_ type: Table.Type, _ name: String) throws -> Table {
        let data = try Data(contentsOf: images.appending(path: name))
        return try JSONDecoder().decode(type, from: data)
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: images.appending(path: name)))
    }
}

struct PixelRecord: Decodable, Sendable {
    let width: Int
    let height: Int
    let rgb: String

    init(_ image: RGBImage) {
        width = image.width
        height = image.height
        rgb = sha256(image.pixels)
    }

    func matches(_ image: RGBImage) -> Bool {
        image.width == width && image.height == height && sha256(image.pixels) == rgb
    }
}

struct PictureRecord: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let sha256: String
    let mode: String
    let width: Int
    let height: Int
    let rgb: String
    let upright: PixelRecord?

    var testDescription: String { file }
}

struct Manifest: Decodable, Sendable {
    let tables: [String: String]
    let pictures: [PictureRecord]
}

/// The integer generator of `Tools/goldens/images.py`.
enum GeneratedImage {
    static func make(
        width: Int, height: Int, pattern: String, seed: Int
    ) throws -> RGBImage {
        var pixels = [UInt8]()
        pixels.reserveCapacity(3 * width * height)
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    pixels.append(sample(x, y, c, pattern: pattern, seed: seed))
                }
            }
        }
        return try RGBImage(width: width, height: height, pixels: pixels)
    }

    private static func sample(_ x: Int, _ y: Int, _ c: Int, pattern: String, seed: Int) -> UInt8 {
        if pattern == "ramp" { return UInt8(truncatingIfNeeded: x * 7 + y * 3 + c * 50 + seed) }
        var h = UInt32(truncatingIfNeeded: x) &* 0x9E37_79B1
        h &+= UInt32(truncatingIfNeeded: y) &* 0x85EB_CA77
        h &+= UInt32(truncatingIfNeeded: c) &* 0xC2B2_AE3D
        h &+= UInt32(truncatingIfNeeded: seed) &* 0x27D4_EB2F
        h ^= h >> 15
        h &*= 0x2C1B_3C6D
        h ^= h >> 12
        h &*= 0x297A_2D39
        h ^= h >> 15
        return pattern == "extremes" ? (h & 1 == 1 ? 255 : 0) : UInt8(truncatingIfNeeded: h)
    }
}

/// The bytes of floats, little-endian.
func littleEndianBytes(_ values: [Float]) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.reserveCapacity(4 * values.count)
    for value in values {
        let bits = value.bitPattern
        for shift: UInt32 in [0, 8, 16, 24] {
            bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
    }
    return bytes
}

func resampleFilter(_ name: String) -> ResampleFilter? {
    ResampleFilter.allCases.first { "\($0)" == name }
}
