/// Turns images into the tensor a vision tower takes, as `preprocessor_config.json` says.
///
/// The steps, each of which the file can switch off: padding to a square on request, resizing,
/// centre crop, rescaling, normalising. Reference: huggingface/transformers 5.17,
/// `image_processing_backends.py` (`PilBackend`) with the classes of ``Kind``; the results are equal
/// to the last bit.
public struct ImageProcessor: Sendable, Equatable {
    /// The processor class, which decides what an absent key means.
    public enum Kind: String, Sendable, CaseIterable {
        /// Resizes to a fixed size.
        case siglip = "SiglipImageProcessor"
        /// Resizes the shorter edge and crops the centre.
        case clip = "CLIPImageProcessor"
        /// The same steps as `clip`; DINOv2 names it.
        case bit = "BitImageProcessor"
        /// The same steps as `clip` after padding to a square, which the file switches on.
        case llava = "LlavaImageProcessor"
    }

    /// What the resize step aims at.
    public enum Size: Sendable, Equatable {
        /// Exactly this many columns and rows.
        case exact(width: Int, height: Int)
        /// This many pixels on the shorter edge; the longer one keeps the proportion, rounded down.
        case shortestEdge(Int)
    }

    /// A number of columns and rows.
    public struct Crop: Sendable, Equatable {
        /// The columns.
        public let width: Int
        /// The rows.
        public let height: Int

        /// Makes a crop size.
        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// The class named in the file.
    public let kind: Kind
    /// Whether the file asks for padding images to a square of the mean colour first; what is done
    /// is said with each image, because a model's config has a word in it too.
    public let pads: Bool
    /// Whether the file says whether images are padded.
    package let statesPadding: Bool
    /// Whether images are resized.
    public let resizes: Bool
    /// What they are resized to.
    public let size: Size
    /// The filter that resizes them.
    public let filter: ResampleFilter
    /// Whether the centre is cropped.
    public let crops: Bool
    /// What it is cropped to; a side that is too short is filled with black.
    public let crop: Crop
    /// Whether samples are multiplied by ``rescaleFactor``.
    public let rescales: Bool
    /// The factor, usually 1/255.
    public let rescaleFactor: Double
    /// Whether samples become `(sample - mean) / deviation`.
    public let normalizes: Bool
    /// The mean of each channel, red first, in rescaled units.
    public let mean: [Double]
    /// The standard deviation of each channel, red first, in rescaled units.
    public let deviation: [Double]
    /// The columns of the tensor.
    public let outputWidth: Int
    /// The rows of the tensor.
    public let outputHeight: Int

    /// The largest side of an output, in pixels.
    static let maximumSide = 16_384

    /// Checks the values against each other; `name` is what messages call them.
    init(_ fields: ImageProcessorFields, name: String) throws(ImagingError) {
        if fields.crops {
            self.init(checked: fields, width: fields.crop.width, height: fields.crop.height)
        } else if fields.resizes, case .exact(let width, let height) = fields.size {
            self.init(checked: fields, width: width, height: height)
        } else {
            throw ImagingError(
                .configuration,
                "\(name): the output has no fixed size; expected \"size\" with \"height\" and "
                    + "\"width\", or \"do_center_crop\": true")
        }
        try check(name)
    }

    /// Takes values over that make images of a size.
    init(checked fields: ImageProcessorFields, width: Int, height: Int) {
        kind = fields.kind
        pads = fields.pads
        statesPadding = fields.statesPadding
        resizes = fields.resizes
        size = fields.size
        filter = fields.filter
        crops = fields.crops
        crop = fields.crop
        rescales = fields.rescales
        rescaleFactor = fields.rescaleFactor
        normalizes = fields.normalizes
        mean = fields.mean
        deviation = fields.deviation
        outputWidth = width
        outputHeight = height
    }

    private func check(_ name: String) throws(ImagingError) {
        var sides = [("crop_size", crop.width), ("crop_size", crop.height)]
        switch size {
        case .exact(let width, let height): sides += [("size", width), ("size", height)]
        case .shortestEdge(let edge): sides.append(("size", edge))
        }
        for (key, side) in sides where side < 1 || side > Self.maximumSide {
            throw ImagingError(
                .configuration,
                "\(name): key \"\(key)\": expected 1...\(Self.maximumSide) pixels, found \(side)")
        }
        for (key, values) in [("image_mean", mean), ("image_std", deviation)] {
            guard values.count == 3, values.allSatisfy({ $0.isFinite }) else {
                throw ImagingError(
                    .configuration,
                    "\(name): key \"\(key)\": expected 3 finite numbers, found \(values)")
            }
        }
        guard deviation.allSatisfy({ Float($0) > 0 }) else {
            throw ImagingError(
                .configuration,
                "\(name): key \"image_std\": expected positive numbers, found \(deviation)")
        }
        guard rescaleFactor.isFinite else {
            throw ImagingError(.configuration, "\(name): key \"rescale_factor\" must be finite")
        }
    }

    /// Returns SigLIP's processor: bicubic to `size` x `size`, then `(x / 255 - 0.5) / 0.5`.
    ///
    /// - Parameter size: columns and rows of the tensor, 1...16384.
    public static func siglip(size: Int) -> ImageProcessor {
        precondition((1...maximumSide).contains(size), "the size must be 1...\(maximumSide)")
        var fields = ImageProcessorFields(.siglip)
        fields.size = .exact(width: size, height: size)
        return ImageProcessor(checked: fields, width: size, height: size)
    }
}
