/// The values of a processor before they are checked, starting from the defaults of its class.
struct ImageProcessorFields {
    var kind: ImageProcessor.Kind
    /// Whether images are padded to a square first.
    var pads = false
    /// Whether the file says so or the opposite.
    var statesPadding = false
    var resizes = true
    var size: ImageProcessor.Size
    var filter = ResampleFilter.bicubic
    var crops: Bool
    var crop = ImageProcessor.Crop(width: 224, height: 224)
    var rescales = true
    var rescaleFactor = 1.0 / 255.0
    var normalizes = true
    var mean: [Double]
    var deviation: [Double]

    /// The class attributes of transformers' `models/{siglip,clip,bit,llava}/image_processing_*.py`.
    init(_ kind: ImageProcessor.Kind) {
        self.kind = kind
        switch kind {
        case .siglip:
            size = .exact(width: 224, height: 224)
            crops = false
            mean = [0.5, 0.5, 0.5]
            deviation = [0.5, 0.5, 0.5]
        case .clip, .bit, .llava:
            size = .shortestEdge(224)
            crops = true
            mean = [0.48145466, 0.4578275, 0.40821073]
            deviation = [0.26862954, 0.26130258, 0.27577711]
        }
    }
}
