import MiphaFiles
import MiphaImaging

/// What a look at an image file gives.
struct ImageExamination: Sendable {
    /// Stands for the pixels; nil when there are none.
    private(set) var content: Fingerprint?
    /// What is wrong.
    private(set) var findings: [(problem: DataProblem, detail: String)] = []

    /// Examines the image at a path.
    ///
    /// The decoder is strict: a file whose data end early is not an image even when every row could
    /// be had.
    init(path: String, settings: DataCheckSettings) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileSystem.read(path, limit: DecodeOptions().maximumFileBytes)
        } catch {
            let isMissing = error.code == .missing
            found(
                isMissing ? .missingPicture : .unreadablePicture,
                error.message + (isMissing ? MissingImage.hint(for: path) : ""))
            return
        }
        if let format = ImageFormat(bytes) { examineName(path, format) }
        do throws(ImagingError) {
            let image = try RGBImage(decoding: bytes, name: path)
            content = Fingerprint(image)
            examineSize(image, settings)
            let notes = PictureNotes.of(bytes)
            if !notes.isEmpty { found(.alteredPicture, notes.joined(separator: "; ")) }
        } catch {
            found(
                error.code == .truncated ? .truncatedPicture : .unreadablePicture, error.message)
        }
    }

    private mutating func found(_ problem: DataProblem, _ detail: String) {
        findings.append((problem, detail))
    }

    private mutating func examineName(_ path: String, _ format: ImageFormat) {
        guard let name = Self.fileExtension(path), !format.extensions.contains(name) else {
            return
        }
        found(.wrongExtension, "\(path): the name ends with .\(name), the content is \(format)")
    }

    private mutating func examineSize(_ image: RGBImage, _ settings: DataCheckSettings) {
        let short = min(image.width, image.height)
        let long = max(image.width, image.height)
        if long > settings.largestAspect * short {
            found(.extremeAspect, "\(image.width) x \(image.height) pixels")
        } else if short < settings.smallestSide {
            found(.smallPicture, "\(image.width) x \(image.height) pixels")
        }
    }

    /// The lower-case letters and digits after the last dot of a name; nil when there is no dot or
    /// what follows is not an extension, as in `photo.2`.
    static func fileExtension(_ path: String) -> String? {
        let name = FileSystem.name(of: path)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return nil }
        let text = name[name.index(after: dot)...].lowercased()
        let isExtension =
            (2...5).contains(text.utf8.count) && text.contains(where: \.isLetter)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return isExtension ? text : nil
    }
}

extension ImageFormat {
    /// The ends of file names that go with the format, in lower case.
    var extensions: [String] {
        switch self {
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif", "jif"]
        case .png: ["png"]
        case .webp: ["webp"]
        case .gif: ["gif"]
        }
    }
}
