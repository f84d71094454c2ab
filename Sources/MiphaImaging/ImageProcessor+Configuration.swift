import Foundation

extension ImageProcessor {
    /// Reads a `preprocessor_config.json`.
    ///
    /// The class comes from `image_processor_type` or the older `feature_extractor_type`, with or
    /// without the endings `Fast` and `Pil`; a file with neither is taken as CLIP's when it names a
    /// crop and as SigLIP's otherwise. A plain number as `size` is a square for SigLIP and the
    /// shortest edge for the others. Keys that do not act on pixels are ignored; `do_pad`, sizes
    /// without a fixed output and `"do_convert_rgb": false` are errors.
    ///
    /// - Parameter path: a file-system path.
    /// - Throws: `ImagingError` naming the file and the key.
    public init(contentsOf path: String) throws(ImagingError) {
        let bytes = try readFile(path, limit: 1 << 20)
        try self.init(configuration: bytes, name: path)
    }

    /// Reads the text of a `preprocessor_config.json`; `name` is what messages call it.
    package init(configuration bytes: [UInt8], name: String) throws(ImagingError) {
        let record: ProcessorRecord
        do {
            record = try JSONDecoder().decode(ProcessorRecord.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw ImagingError(.configuration, "\(name): \(describe(error))")
        } catch {
            throw ImagingError(.configuration, "\(name): \(error)")
        }
        try self.init(record.fields(name), name: name)
    }

    /// Returns the text of a `preprocessor_config.json` that reads back as this processor.
    ///
    /// - Throws: `ImagingError` when a number cannot be written.
    public func encoded() throws(ImagingError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try [UInt8](encoder.encode(ProcessorRecord(self))) + [0x0a]
        } catch {
            throw ImagingError(.configuration, "the image processor cannot be written: \(error)")
        }
    }
}

/// The keys of the file.
private struct ProcessorRecord: Codable {
    var processorType: String?
    var extractorType: String?
    var resizes: Bool?
    var size: SizeRecord?
    var resample: Int?
    var crops: Bool?
    var crop: SizeRecord?
    var rescales: Bool?
    var rescaleFactor: Double?
    var normalizes: Bool?
    var mean: [Double]?
    var deviation: [Double]?
    var convertsToRGB: Bool?
    var pads: Bool?

    enum CodingKeys: String, CodingKey {
        case processorType = "image_processor_type"
        case extractorType = "feature_extractor_type"
        case resizes = "do_resize"
        case size
        case resample
        case crops = "do_center_crop"
        case crop = "crop_size"
        case rescales = "do_rescale"
        case rescaleFactor = "rescale_factor"
        case normalizes = "do_normalize"
        case mean = "image_mean"
        case deviation = "image_std"
        case convertsToRGB = "do_convert_rgb"
        case pads = "do_pad"
    }

    init(_ processor: ImageProcessor) {
        processorType = processor.kind.rawValue
        resizes = processor.resizes
        switch processor.size {
        case .exact(let width, let height): size = SizeRecord(height: height, width: width)
        case .shortestEdge(let edge): size = SizeRecord(shortestEdge: edge)
        }
        resample = processor.filter.rawValue
        crops = processor.crops
        if processor.crops {
            crop = SizeRecord(height: processor.crop.height, width: processor.crop.width)
        }
        rescales = processor.rescales
        rescaleFactor = processor.rescaleFactor
        normalizes = processor.normalizes
        mean = processor.mean
        deviation = processor.deviation
        convertsToRGB = true
    }

    func fields(_ name: String) throws(ImagingError) -> ImageProcessorFields {
        let kind = try kind(name)
        var fields = ImageProcessorFields(kind)
        fields.resizes = resizes ?? fields.resizes
        fields.crops = crops ?? fields.crops
        fields.rescales = rescales ?? fields.rescales
        fields.rescaleFactor = rescaleFactor ?? fields.rescaleFactor
        fields.normalizes = normalizes ?? fields.normalizes
        fields.mean = mean ?? fields.mean
        fields.deviation = deviation ?? fields.deviation
        if let size { fields.size = try size.size(kind, name) }
        if let crop { fields.crop = try crop.crop(name) }
        if let resample {
            guard let filter = ResampleFilter(rawValue: resample) else {
                throw ImagingError(
                    .configuration,
                    "\(name): key \"resample\": expected 0...5 (nearest, lanczos, bilinear, "
                        + "bicubic, box, hamming), found \(resample)")
            }
            fields.filter = filter
        }
        for (key, bad) in [("do_convert_rgb", convertsToRGB == false), ("do_pad", pads == true)]
        where bad {
            throw ImagingError(
                .configuration,
                "\(name): key \"\(key)\": the value \(key == "do_pad") is not supported")
        }
        return fields
    }

    private func kind(_ name: String) throws(ImagingError) -> ImageProcessor.Kind {
        guard let label = processorType ?? extractorType else {
            return crops != nil || crop != nil ? .clip : .siglip
        }
        var stem = label
        for ending in ["Fast", "Pil"] where stem.hasSuffix(ending) {
            stem.removeLast(ending.count)
        }
        stem = stem.replacing("FeatureExtractor", with: "ImageProcessor")
        guard let kind = ImageProcessor.Kind(rawValue: stem) else {
            let known = ImageProcessor.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ImagingError(
                .configuration,
                "\(name): key \"image_processor_type\": expected one of \(known), "
                    + "found \"\(label)\"")
        }
        return kind
    }
}

/// A size: a number, or an object with `height` and `width` or with `shortest_edge`.
private struct SizeRecord: Codable {
    var side: Int?
    var height: Int?
    var width: Int?
    var shortestEdge: Int?
    var longestEdge: Int?

    enum CodingKeys: String, CodingKey {
        case height
        case width
        case shortestEdge = "shortest_edge"
        case longestEdge = "longest_edge"
    }

    init(height: Int? = nil, width: Int? = nil, shortestEdge: Int? = nil) {
        self.height = height
        self.width = width
        self.shortestEdge = shortestEdge
    }

    init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Int.self) {
            side = number
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        height = try container.decodeIfPresent(Int.self, forKey: .height)
        width = try container.decodeIfPresent(Int.self, forKey: .width)
        shortestEdge = try container.decodeIfPresent(Int.self, forKey: .shortestEdge)
        longestEdge = try container.decodeIfPresent(Int.self, forKey: .longestEdge)
    }

    func size(
        _ kind: ImageProcessor.Kind, _ name: String
    ) throws(ImagingError) -> ImageProcessor.Size {
        if let side {
            return kind == .siglip ? .exact(width: side, height: side) : .shortestEdge(side)
        }
        if let height, let width, shortestEdge == nil {
            return .exact(width: width, height: height)
        }
        if let shortestEdge, height == nil, width == nil, longestEdge == nil {
            return .shortestEdge(shortestEdge)
        }
        throw ImagingError(
            .configuration,
            "\(name): key \"size\": expected a number, {\"height\", \"width\"} or "
                + "{\"shortest_edge\"}")
    }

    func crop(_ name: String) throws(ImagingError) -> ImageProcessor.Crop {
        if let side { return ImageProcessor.Crop(width: side, height: side) }
        if let height, let width { return ImageProcessor.Crop(width: width, height: height) }
        throw ImagingError(
            .configuration,
            "\(name): key \"crop_size\": expected a number or {\"height\", \"width\"}")
    }
}

private func describe(_ error: DecodingError) -> String {
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found):
        context = found
    case .dataCorrupted(let found):
        context = found
    @unknown default:
        return "\(error)"
    }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    guard path.isEmpty else { return "key \"\(path)\": \(context.debugDescription)" }
    return "the file is not a JSON object of the expected form: \(context.debugDescription)"
}
