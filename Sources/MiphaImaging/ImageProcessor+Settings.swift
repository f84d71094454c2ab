extension ImageProcessor {
    /// Everything that the pixels of an image depend on besides the image, as text.
    ///
    /// The number in the first line is that of the arithmetic: it changes when decoding, resizing or
    /// normalising gives other pixels for the same settings.
    func settings(_ aspectRatio: ImageAspectRatio) -> String {
        let size =
            switch size {
            case .exact(let width, let height): "\(width) x \(height)"
            case .shortestEdge(let edge): "\(edge) on the shorter edge"
            }
        return [
            "mipha pixels 1", "aspect ratio \(aspectRatio.rawValue)", "kind \(kind.rawValue)",
            "pads \(pads) \(statesPadding)", "resizes \(resizes)", "size \(size)",
            "filter \(filter.rawValue)", "crops \(crops)", "crop \(crop.width) \(crop.height)",
            "rescales \(rescales)", "factor \(rescaleFactor)", "normalizes \(normalizes)",
            "mean \(mean)", "deviation \(deviation)", "output \(outputWidth) \(outputHeight)",
        ].joined(separator: "\n")
    }
}
