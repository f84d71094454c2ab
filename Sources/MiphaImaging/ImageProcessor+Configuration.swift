import MiphaFiles

extension ImageProcessor {
    /// Reads a `preprocessor_config.json`.
    ///
    /// The class comes from `image_processor_type` or the older `feature_extractor_type`, with or
    /// without the endings `Fast` and `Pil`; a file with neither is taken as CLIP's when it names a
    /// crop and as SigLIP's otherwise. A plain number as `size` is a square or the shortest edge, as
    /// `default_to_square` says; without it a square for SigLIP and the edge for the others. Of the fields ``fields`` says which count; padding in a class
    /// other than LLaVA's, sizes without a fixed output and `"do_convert_rgb": false` are errors.
    ///
    /// - Parameter path: a file-system path.
    /// - Throws: `ImagingError` naming the file and the key.
    public init(contentsOf path: String) throws(ImagingError) {
        try self.init(configuration: readFile(path, limit: 1 << 20), name: path)
    }

    /// Reads the text of a `preprocessor_config.json`; `name` is what messages call it.
    package init(configuration bytes: [UInt8], name: String) throws(ImagingError) {
        try self.init(ProcessorObject(parsing: bytes, name: name))
    }

    init(_ object: ProcessorObject) throws(ImagingError) {
        if let message = Self.fields.examine(object.members, file: object.name).refused.first {
            throw ImagingError(.configuration, message)
        }
        try self.init(object.fields(), name: object.name)
    }

    /// The same processor of another class, which pads or does not; every field is set, so that
    /// nothing depends on the class's defaults.
    func kept(as kind: Kind, pads: Bool) -> ImageProcessor {
        var fields = ImageProcessorFields(self)
        fields.kind = kind
        (fields.pads, fields.statesPadding) = (pads, false)
        if !crops { fields.crop = Crop(width: outputWidth, height: outputHeight) }
        return ImageProcessor(checked: fields, width: outputWidth, height: outputHeight)
    }

    /// Returns the text of a `preprocessor_config.json` that reads back as this processor.
    ///
    /// - Throws: `ImagingError` when a number cannot be written.
    public func encoded() throws(ImagingError) -> [UInt8] {
        try ProcessorObject(members: object, name: "the image processor").encoded()
    }

    /// The fields in transformers' names.
    var object: JSONObject {
        var members: JSONObject = [
            "do_center_crop": .bool(crops), "do_convert_rgb": true,
            "do_normalize": .bool(normalizes), "do_rescale": .bool(rescales),
            "do_resize": .bool(resizes), "image_mean": .array(mean.map(JSONValue.double)),
            "image_processor_type": .string(kind.rawValue),
            "image_std": .array(deviation.map(JSONValue.double)),
            "resample": .integer(filter.rawValue), "rescale_factor": .double(rescaleFactor),
        ]
        if kind == .llava { members["do_pad"] = .bool(pads) }
        if crops || kind == .llava {
            members["crop_size"] = ["height": .integer(crop.height), "width": .integer(crop.width)]
        }
        switch size {
        case .exact(let width, let height):
            members["size"] = ["height": .integer(height), "width": .integer(width)]
        case .shortestEdge(let edge): members["size"] = ["shortest_edge": .integer(edge)]
        }
        return JSONObject(members.members.sorted { $0.key < $1.key })
    }
}

/// The object of a processor file, or a part of one.
struct ProcessorObject {
    let members: JSONObject
    /// How messages call it.
    let name: String

    init(members: JSONObject, name: String) {
        self.members = members
        self.name = name
    }

    init(parsing bytes: [UInt8], name: String) throws(ImagingError) {
        let value: JSONValue
        do throws(FileError) {
            value = try JSONValue(parsingForeign: bytes, file: name)
        } catch {
            throw ImagingError(.configuration, error.message)
        }
        guard let members = value.objectValue else {
            throw ImagingError(
                .configuration, "\(name): expected a JSON object, found \(value.summary)")
        }
        self.init(members: members, name: name)
    }

    func encoded() throws(ImagingError) -> [UInt8] {
        do throws(FileError) {
            let style = JSONStyle(indentation: 2, endsWithNewline: true)
            return try JSONValue.object(members).bytes(style)
        } catch {
            throw ImagingError(.configuration, "\(name) cannot be written: \(error.message)")
        }
    }

    func fields() throws(ImagingError) -> ImageProcessorFields {
        let kind = try kind()
        var fields = ImageProcessorFields(kind)
        fields.resizes = try flag("do_resize") ?? fields.resizes
        fields.crops = try flag("do_center_crop") ?? fields.crops
        fields.rescales = try flag("do_rescale") ?? fields.rescales
        fields.normalizes = try flag("do_normalize") ?? fields.normalizes
        fields.rescaleFactor =
            try read("rescale_factor", "a number", \.doubleValue) ?? fields.rescaleFactor
        fields.mean = try numbers("image_mean") ?? fields.mean
        fields.deviation = try numbers("image_std") ?? fields.deviation
        if let size = value("size") { fields.size = try self.size(size, kind) }
        if let crop = value("crop_size") { fields.crop = try self.crop(crop) }
        if let code = try read("resample", "a number", \.integerValue) {
            guard let filter = ResampleFilter(rawValue: code) else {
                throw failure(
                    "resample",
                    "0...5 (nearest, lanczos, bilinear, bicubic, box, hamming), found \(code)")
            }
            fields.filter = filter
        }
        guard try flag("do_convert_rgb") != false else {
            throw failure("do_convert_rgb", "true, as all images are read in three colours")
        }
        let pads = try flag("do_pad")
        fields.statesPadding = pads != nil && kind == .llava
        fields.pads = pads ?? false
        guard !fields.pads || kind == .llava else {
            throw failure(
                "do_pad", "false, as only \(ImageProcessor.Kind.llava.rawValue) pads to a square")
        }
        return fields
    }

    /// The value of a key; nil when absent or null.
    func value(_ key: String) -> JSONValue? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    private func failure(_ key: String, _ expected: String) -> ImagingError {
        ImagingError(.configuration, "\(name): key \"\(key)\": expected \(expected)")
    }

    private func read<Value>(
        _ key: String, _ expected: String, _ read: (JSONValue) -> Value?
    ) throws(ImagingError) -> Value? {
        guard let value = value(key) else { return nil }
        guard let result = read(value) else {
            throw failure(key, "\(expected), found \(value.summary)")
        }
        return result
    }

    private func flag(_ key: String) throws(ImagingError) -> Bool? {
        try read(key, "true or false", \.boolValue)
    }

    /// Three numbers, or one for all channels.
    private func numbers(_ key: String) throws(ImagingError) -> [Double]? {
        try read(key, "3 finite numbers") { value in
            if let number = value.doubleValue { return [number, number, number] }
            let numbers = value.arrayValue?.map(\.doubleValue)
            guard let numbers, !numbers.contains(nil) else { return nil }
            return numbers.compactMap(\.self)
        }
    }

    private func kind() throws(ImagingError) -> ImageProcessor.Kind {
        let key =
            value("image_processor_type") == nil ? "feature_extractor_type" : "image_processor_type"
        guard let label = try read(key, "a string", \.stringValue) else {
            return value("do_center_crop") != nil || value("crop_size") != nil ? .clip : .siglip
        }
        var stem = label
        for ending in ["Fast", "Pil"] where stem.hasSuffix(ending) {
            stem.removeLast(ending.count)
        }
        stem = stem.replacing("FeatureExtractor", with: "ImageProcessor")
        guard let kind = ImageProcessor.Kind(rawValue: stem) else {
            let known = ImageProcessor.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure("image_processor_type", "one of \(known), found \"\(label)\"")
        }
        return kind
    }

    /// A size: a number, or an object with `height` and `width` or with `shortest_edge`.
    private func size(
        _ value: JSONValue, _ kind: ImageProcessor.Kind
    ) throws(ImagingError) -> ImageProcessor.Size {
        let isSquare = try flag("default_to_square") ?? (kind == .siglip)
        if let side = value.integerValue {
            return isSquare ? .exact(width: side, height: side) : .shortestEdge(side)
        }
        let sides = try sides(value, "size")
        switch (sides["height"], sides["width"], sides["shortest_edge"], sides["longest_edge"]) {
        case (let height?, let width?, nil, _): return .exact(width: width, height: height)
        case (nil, nil, let edge?, nil): return .shortestEdge(edge)
        default:
            throw failure("size", "a number, {\"height\", \"width\"} or {\"shortest_edge\"}")
        }
    }

    private func crop(_ value: JSONValue) throws(ImagingError) -> ImageProcessor.Crop {
        if let side = value.integerValue {
            return ImageProcessor.Crop(width: side, height: side)
        }
        let sides = try sides(value, "crop_size")
        guard let height = sides["height"], let width = sides["width"] else {
            throw failure("crop_size", "a number or {\"height\", \"width\"}")
        }
        return ImageProcessor.Crop(width: width, height: height)
    }

    /// The members of a size that are not null.
    private func sides(
        _ value: JSONValue, _ key: String
    ) throws(ImagingError) -> [String: Int] {
        guard let object = value.objectValue else {
            throw failure(key, "a number or an object of numbers, found \(value.summary)")
        }
        var sides: [String: Int] = [:]
        for member in object.members where !member.value.isNull {
            guard let side = member.value.integerValue else {
                throw failure("\(key).\(member.key)", "a number, found \(member.value.summary)")
            }
            sides[member.key] = side
        }
        return sides
    }
}
