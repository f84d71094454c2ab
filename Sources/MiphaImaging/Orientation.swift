/// The EXIF orientation of an image: which way its first row and column point.
enum Orientation: Int, Sendable {
    case upright = 1
    case mirroredHorizontally = 2
    case turnedHalf = 3
    case mirroredVertically = 4
    case transposed = 5
    case turnedRight = 6
    case transversed = 7
    case turnedLeft = 8

    /// Reads the tag from a file that has been decoded; anything missing or invalid is `upright`.
    init(in bytes: [UInt8], format: ImageFormat) {
        let block: ArraySlice<UInt8>? =
            switch format {
            case .jpeg: Self.jpegBlock(bytes)
            case .png: Self.chunk("eXIf", in: bytes[...].dropFirst(8), littleEndian: false)
            case .webp: Self.chunk("EXIF", in: bytes[...].dropFirst(12), littleEndian: true)
            case .gif: nil
            }
        self = block.flatMap(Self.init(tiff:)) ?? .upright
    }

    /// The first APP1 segment that holds EXIF data, without its `Exif` prefix.
    private static func jpegBlock(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xff {
            let marker = bytes[position + 1]
            if marker == 0xff {
                position += 1
                continue
            }
            if marker == 0xda || marker == 0xd9 { return nil }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let end = position + 2 + length
            guard length >= 2, end <= bytes.count else { return nil }
            let body = bytes[position + 4..<end]
            if marker == 0xe1, body.starts(with: "Exif\0\0".utf8) { return body.dropFirst(6) }
            position = end
        }
        return nil
    }

    /// The body of the first chunk of a name: PNG (size, name, body, check sum) or
    /// RIFF (name, size, body padded to an even length).
    static func chunk(
        _ name: String, in bytes: ArraySlice<UInt8>, littleEndian: Bool
    ) -> ArraySlice<UInt8>? {
        var rest = bytes
        while rest.count >= 8 {
            let header = TIFFReader(bytes: rest, littleEndian: littleEndian)
            guard let size = header.word32(at: littleEndian ? 4 : 0),
                size <= rest.count - 8
            else { return nil }
            let label = rest.dropFirst(littleEndian ? 0 : 4).prefix(4)
            let body = rest.dropFirst(8).prefix(size)
            if label.elementsEqual(name.utf8) {
                return body.starts(with: "Exif\0\0".utf8) ? body.dropFirst(6) : body
            }
            rest = rest.dropFirst(8 + size + (littleEndian ? size & 1 : 4))
        }
        return nil
    }

    /// Reads tag 0x0112 of the first directory.
    private init?(tiff: ArraySlice<UInt8>) {
        let littleEndian = tiff.starts(with: [0x49, 0x49, 0x2a, 0])
        guard littleEndian || tiff.starts(with: [0x4d, 0x4d, 0, 0x2a]) else { return nil }
        let reader = TIFFReader(bytes: tiff, littleEndian: littleEndian)
        guard let directory = reader.word32(at: 4), let entries = reader.word16(at: directory)
        else { return nil }
        for index in 0..<entries {
            let entry = directory + 2 + 12 * index
            guard let tag = reader.word16(at: entry) else { return nil }
            if tag == 0x0112 {
                guard reader.word16(at: entry + 2) == 3, let value = reader.word16(at: entry + 8)
                else { return nil }
                self.init(rawValue: value)
                return
            }
        }
        return nil
    }
}

/// Reads integers at offsets into a slice, `nil` beyond its end.
private struct TIFFReader {
    let bytes: ArraySlice<UInt8>
    let littleEndian: Bool

    func word16(at offset: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - 2 else { return nil }
        let first = Int(bytes[bytes.startIndex + offset])
        let second = Int(bytes[bytes.startIndex + offset + 1])
        return littleEndian ? second << 8 | first : first << 8 | second
    }

    func word32(at offset: Int) -> Int? {
        guard let first = word16(at: offset), let second = word16(at: offset + 2) else {
            return nil
        }
        return littleEndian ? second << 16 | first : first << 16 | second
    }
}

extension RGBImage {
    /// Returns the image turned and mirrored so that it stands upright.
    func oriented(_ orientation: Orientation) -> RGBImage {
        guard orientation != .upright else { return self }
        let swapped = orientation.rawValue >= 5
        let columns = swapped ? height : width
        let rows = swapped ? width : height
        // Source index = origin + x * acrossStep + y * downStep.
        let lastColumn = width - 1
        let lastRow = (height - 1) * width
        let (origin, across, down) =
            switch orientation {
            case .upright: (0, 1, width)
            case .mirroredHorizontally: (lastColumn, -1, width)
            case .turnedHalf: (lastRow + lastColumn, -1, -width)
            case .mirroredVertically: (lastRow, 1, -width)
            case .transposed: (0, width, 1)
            case .turnedRight: (lastRow, -width, 1)
            case .transversed: (lastRow + lastColumn, -width, -1)
            case .turnedLeft: (lastColumn, width, -1)
            }
        var samples = [UInt8]()
        samples.reserveCapacity(pixels.count)
        for y in 0..<rows {
            var source = origin + y * down
            for _ in 0..<columns {
                samples.append(pixels[3 * source])
                samples.append(pixels[3 * source + 1])
                samples.append(pixels[3 * source + 2])
                source += across
            }
        }
        return RGBImage(uncheckedWidth: columns, height: rows, pixels: samples)
    }
}
