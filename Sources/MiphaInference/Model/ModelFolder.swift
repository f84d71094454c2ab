import Foundation
public import MiphaImaging
public import MiphaModels
public import MiphaNN
public import MiphaTokenizers
public import MiphaTorch

/// A model folder on disk, whose parts are read one by one.
///
/// A part that is missing gives an error that says which file is looked for and what needs it.
public struct ModelFolder: Sendable {
    /// The path as it was given; of an adapter that of its model.
    public let path: String
    /// The adapter that the model is run with.
    public let adapter: AdapterFolder?
    /// What the folder is opened for, as messages name it (`mipha generate`).
    public let purpose: String
    /// What `config.json` says.
    public let config: MiphaConfig

    /// Opens a folder and reads its config.
    ///
    /// - Parameters:
    ///   - path: a model folder, or an adapter that names the folder of its model.
    ///   - adapter: the folder of an adapter to run the model with.
    /// - Throws: `InferenceError` when folder or config are missing; `CheckpointError` when the
    ///   config is not one of a Mipha model.
    public init(_ path: String, adapter: String? = nil, for purpose: String) throws {
        let found = try Self.resolve(path, adapter: adapter)
        let path = found.model
        self.path = path
        self.adapter = found.adapter
        self.purpose = purpose
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(
                atPath: URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false))
        } catch {
            throw InferenceError(
                .missingPart, "\(path): no such folder; expected a model folder with config.json")
        }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else {
            throw InferenceError(
                .missingPart, "\(path): expected a model folder, found a file")
        }
        try Self.require(["config.json"], in: path, for: purpose)
        var config = try MiphaConfig(folder: path)
        if let ratio = found.adapter?.imageAspectRatio { config.imageAspectRatio = ratio }
        self.config = config
    }

    /// The last part of the path.
    public var name: String {
        (adapter?.path ?? path).split(separator: "/").last.map(String.init) ?? "mipha"
    }

    /// Reads the tokenizer.
    public func tokenizer() throws -> Tokenizer {
        if !exists("vocab.json") || !exists("merges.txt") {
            try Self.require(
                ["tokenizer.json"], in: path, for: purpose, or: "vocab.json and merges.txt")
        }
        return try Tokenizer(folder: path)
    }

    /// Reads the picture preprocessing and checks that it fits the vision tower.
    public func imageProcessor() throws -> ImageProcessor {
        guard let file = try pictureFile() else {
            throw InferenceError(
                .missingPart,
                "\(path): preprocessor_config.json (or processor_config.json with image_processor) is "
                    + "missing; \(purpose) needs it")
        }
        let (processor, side) = (file.processor, config.vision.imageSize)
        guard processor.outputWidth == side, processor.outputHeight == side else {
            throw InferenceError(
                .mismatchedParts,
                "\(file.place): makes pictures of \(processor.outputWidth) x "
                    + "\(processor.outputHeight) pixels, but the vision tower of config.json takes "
                    + "\(side) x \(side)")
        }
        if let patch = file.patchSize, patch != config.vision.patchSize {
            throw InferenceError(
                .mismatchedParts,
                "\(path)/processor_config.json: patch_size: expected \(config.vision.patchSize) as in "
                    + "config.json, found \(patch)")
        }
        return processor
    }

    /// Whether there is a picture preprocessing.
    public var hasImageProcessor: Bool { get throws { try pictureFile() != nil } }

    /// What to do with pictures that are not square: as the picture preprocessing says, or
    /// `image_aspect_ratio` of the config, which must not contradict it.
    public func aspectRatio() throws -> ImageAspectRatio {
        let stated = try config.imageAspectRatio.map { name in
            guard let ratio = ImageAspectRatio(rawValue: name) else {
                let known = ImageAspectRatio.allCases.map(\.rawValue).joined(separator: ", ")
                throw InferenceError(
                    .mismatchedParts,
                    "\(path)/config.json: key \"image_aspect_ratio\": expected one of \(known), found "
                        + "\"\(name)\"")
            }
            return ratio
        }
        // What an adapter was trained with goes before what its model says.
        if let stated, adapter?.imageAspectRatio != nil { return stated }
        return try pictureFile()?.aspectRatio(stated: stated, by: "config.json") ?? stated
            ?? .square
    }

    /// The model, its weights mapped or copied.
    public func model(
        dtype: DType? = nil, device: Device = .cpu, use: CheckpointSource.Use = .inference
    ) throws -> MiphaModel {
        guard let adapter else {
            return try MiphaModel(folder: path, dtype: dtype, device: device, use: use)
        }
        return try MiphaModel(
            folder: path, adapter: adapter, dtype: dtype, device: device, use: use)
    }

    /// Positions that a prompt and its answer may take: those of the language model's training, or
    /// those of a longest text with a picture, which the reference trains on beyond the former.
    ///
    /// Where texts have no limit the former count.
    public var contextLength: Int {
        guard config.maximumLength < MiphaConfig.unlimitedLength else {
            return config.language.maximumPositions
        }
        return max(
            config.language.maximumPositions,
            config.maximumLength + config.vision.patchCount - 1)
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    private static func require(
        _ names: [String], in folder: String, for purpose: String, or other: String? = nil
    ) throws(InferenceError) {
        for name in names where !FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            let alternative = other.map { " (or \($0))" } ?? ""
            throw InferenceError(
                .missingPart,
                "\(folder): \(name)\(alternative) is missing; \(purpose) needs it")
        }
    }
}
