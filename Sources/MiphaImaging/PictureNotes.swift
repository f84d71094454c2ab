import MiphaFiles

/// What of an image file is left out when it is read as the reference does.
package enum PictureNotes {
    /// What a viewer of images shows and ``RGBImage`` does not, a clause for each.
    ///
    /// - Parameter bytes: a file that has been decoded.
    package static func of(_ bytes: [UInt8]) -> [String] {
        guard let format = ImageFormat(bytes) else { return [] }
        var notes: [String] = []
        if let orientation = orientation(of: bytes) {
            notes.append("\(orientation), so the image is learned turned or mirrored")
        }
        if format == .png, bytes.count > 25, bytes[24] == 16, bytes[25] == 0 {
            notes.append("16-bit grey is cut at 255, so nearly all of the image is white")
        }
        if isAnimated(bytes, format) {
            notes.append("of the animation only the first image is read")
        }
        return notes
    }

    /// A clause about the EXIF orientation of a file where it says that the image is not upright.
    ///
    /// - Parameter bytes: a file that has been decoded.
    package static func orientation(of bytes: [UInt8]) -> String? {
        guard let format = ImageFormat(bytes) else { return nil }
        let orientation = Orientation(in: bytes, format: format)
        return orientation == .upright
            ? nil : "the EXIF orientation \(orientation.rawValue) is not applied"
    }

    /// The note about an image file whose EXIF orientation is not applied; `nil` for other
    /// files and for those that cannot be read.
    package static func orientation(ofFile path: String) -> String? {
        let limit = DecodeOptions().maximumFileBytes
        guard let bytes = try? FileSystem.read(path, limit: limit),
            let clause = orientation(of: bytes)
        else { return nil }
        return "\(path): \(clause), as in the reference, so the model sees the image turned or "
            + "mirrored; save it upright to show it as viewers do"
    }

    /// Whether a file has several frames.
    private static func isAnimated(_ bytes: [UInt8], _ format: ImageFormat) -> Bool {
        switch format {
        case .webp:
            bytes.count > 20 && bytes[12..<16].elementsEqual("VP8X".utf8) && bytes[20] & 2 != 0
        case .gif: hasTwoFrames(bytes)
        case .png:
            Orientation.chunk("acTL", in: bytes[...].dropFirst(8), littleEndian: false) != nil
        case .jpeg: false
        }
    }

    /// Walks over the blocks of a GIF.
    private static func hasTwoFrames(_ bytes: [UInt8]) -> Bool {
        func table(at place: Int) -> Int {
            guard place < bytes.count, bytes[place] & 0x80 != 0 else { return 0 }
            return 3 << (Int(bytes[place] & 7) + 1)
        }
        var frames = 0
        var place = 13 + table(at: 10)
        while place < bytes.count, frames < 2 {
            switch bytes[place] {
            case 0x21: place += 2
            case 0x2C:
                frames += 1
                place += 11 + table(at: place + 9)
            default: return false
            }
            while place < bytes.count, bytes[place] != 0 { place += 1 + Int(bytes[place]) }
            place += 1
        }
        return frames > 1
    }
}
