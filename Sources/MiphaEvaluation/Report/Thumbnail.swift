import MiphaBenchmarks
import MiphaImaging

/// Small copies of images for reports.
enum Thumbnail {
    /// The longest side, in pixels.
    static let side = 240

    /// The first image of a question as a small PNG; nil when there is none that can be read.
    ///
    /// Images of a few pixels are enlarged without smoothing, so that they can be seen.
    static func picture(of question: Question) -> EvaluationReport.Picture? {
        guard let source = question.pictures.first, let bytes = try? source.load(),
            let image = try? RGBImage(decoding: bytes, name: source.name),
            let small = try? scaled(image), let png = try? small.pngData()
        else { return nil }
        return .bytes(png)
    }

    private static func scaled(_ image: RGBImage) throws(ImagingError) -> RGBImage {
        let longest = max(image.width, image.height)
        if longest * 2 <= side {
            let factor = side / longest
            return try image.resized(
                width: image.width * factor, height: image.height * factor, filter: .nearest)
        }
        guard longest > side else { return image }
        let scale = Double(side) / Double(longest)
        return try image.resized(
            width: max(1, Int(Double(image.width) * scale)),
            height: max(1, Int(Double(image.height) * scale)))
    }
}
