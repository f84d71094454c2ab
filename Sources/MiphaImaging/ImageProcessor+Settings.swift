import CMiphaImage

extension ImageProcessor {
    /// The versions of the decoders, on which pixels may depend.
    package static let decoders = {
        var text = [CChar](repeating: 0, count: 256)
        unsafe mi_decoder_versions(&text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()

    /// Everything that the pixels of an image depend on besides the image, as text.
    ///
    /// The number in the first line is that of the arithmetic: it changes when resizing or normalising
    /// gives other pixels for the same settings.
    package func settings(_ aspectRatio: ImageAspectRatio) -> String {
        let size =
            switch size {
            case .exact(let width, let height): "\(width) x \(height)"
            case .shortestEdge(let edge): "\(edge) on the shorter edge"
            }
        return [
            "mipha pixels 1", Self.decoders, "aspect ratio \(aspectRatio.rawValue)",
            "kind \(kind.rawValue)",
            "pads \(pads) \(statesPadding)", "resizes \(resizes)", "size \(size)",
            "filter \(filter.rawValue)", "crops \(crops)", "crop \(crop.width) \(crop.height)",
            "rescales \(rescales)", "factor \(rescaleFactor)", "normalizes \(normalizes)",
            "mean \(mean)", "deviation \(deviation)", "output \(outputWidth) \(outputHeight)",
        ].joined(separator: "\n")
    }
}
