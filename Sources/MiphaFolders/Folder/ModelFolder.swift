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
    /// The purpose for which the folder is opened, as messages name it (`mipha generate`).
    public let purpose: String
    /// The contents of `config.json`, at the chosen image size.
    public let config: MiphaConfig
    /// Side of the images of the vision towers where it was chosen: weights and image preprocessing are
    /// read for it.
    public let imageSize: Int?

    /// Opens a folder and reads its config.
    ///
    /// - Parameters:
    ///   - path: a model folder, or an adapter that names the folder of its model.
    ///   - adapter: the folder of an adapter to run the model with.
    ///   - imageSize: side in pixels of the images that the vision towers are to see; `nil`: that of the
    ///     folder. Tables of positions are interpolated for it, and the image preprocessing follows.
    /// - Throws: `FolderError` when folder or config are missing; `CheckpointError` when the
    ///   config is not one of a Mipha model, or the towers cannot have the image size.
    public init(
        _ path: String, adapter: String? = nil, imageSize: Int? = nil, for purpose: String
    ) throws {
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
            throw FolderError(
                .missingPart, "\(path): no such folder; expected a model folder with config.json")
        }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else {
            throw FolderError(
                .missingPart, "\(path): expected a model folder, found a file")
        }
        try Self.require([Self.configName], in: path, for: purpose)
        var config = try MiphaConfig(folder: path)
        if let ratio = found.adapter?.imageAspectRatio { config.imageAspectRatio = ratio }
        self.config = try config.resized(to: imageSize)
        self.imageSize = imageSize
    }

    /// The name of the config's file.
    package static let configName = "config.json"

    /// The config's file, as messages name it.
    package var configFile: String { "\(path)/\(Self.configName)" }

    /// The last part of the path.
    public var name: String {
        (adapter?.path ?? path).split(separator: "/").last.map(String.init) ?? "mipha"
    }

    /// Reads the tokenizer.
    public func tokenizer() throws -> Tokenizer {
        if !exists("vocab.json") || !exists("merges.txt"), !exists("tokenizer.model") {
            try Self.require(
                ["tokenizer.json"], in: path, for: purpose,
                or: "vocab.json and merges.txt, or tokenizer.model")
        }
        return try Tokenizer(folder: path)
    }

    /// Reads the image preprocessing of each vision tower and checks that it fits the tower.
    ///
    /// - Parameter need: who needs it, for the message when it is missing; `nil`: what the folder
    ///   is opened for.
    public func imageProcessors(_ need: String? = nil) throws -> [ImageProcessor] {
        try config.vision.towers.indices.map { number in
            guard let file = try ImageProcessorFile(folder: path, tower: number) else {
                throw Self.missingImageProcessor(
                    path, need ?? "\(purpose) needs it", tower: number)
            }
            return try file.resized(to: imageSize).checked(
                for: config.vision.towers[number], in: path)
        }
    }

    /// The error for a folder without image preprocessing.
    ///
    /// - Parameters:
    ///   - need: who needs it.
    ///   - tower: number of the vision tower whose images it is for.
    package static func missingImageProcessor(
        _ path: String, _ need: String, tower: Int = 0
    ) -> FolderError {
        let name = ImageProcessorFile.fileNames(tower: tower)[0]
        let other = tower == 0 ? "(or processor_config.json with image_processor) " : ""
        return FolderError(.missingPart, "\(path): \(name) \(other)is missing; \(need)")
    }

    /// Whether there is image preprocessing, of one vision tower at least.
    public var hasImageProcessor: Bool { get throws { try !pictureFiles().isEmpty } }

    /// The treatment of images that are not square: as the image preprocessing says, or
    /// `image_aspect_ratio` of the config, which must not contradict it.
    public func aspectRatio() throws -> ImageAspectRatio {
        let stated = try config.imageAspectRatio.map { name in
            guard let ratio = ImageAspectRatio(rawValue: name) else {
                let known = ImageAspectRatio.allCases.map(\.rawValue).joined(separator: ", ")
                throw FolderError(
                    .mismatchedParts,
                    "\(configFile): key \"image_aspect_ratio\": expected one of \(known), found "
                        + "\"\(name)\"")
            }
            return ratio
        }
        // What an adapter was trained with goes before what its model says.
        if let stated, adapter?.imageAspectRatio != nil { return stated }
        return try ImageProcessorFile.aspectRatio(
            of: pictureFiles(), stated: stated, by: Self.configName) ?? stated ?? .square
    }

    /// The model, its weights mapped or copied.
    ///
    /// - Parameters:
    ///   - fresh: which linear layers get a fresh adapter, where the folder is opened without one.
    ///   - quantization: which linear layers keep their frozen weights quantised.
    public func model(
        dtype: DType? = nil, device: Device, use: CheckpointSource.Use = .inference,
        adapters fresh: AdapterPlan? = nil, quantization: QuantizationPlan? = nil
    ) throws -> MiphaModel {
        guard let adapter else {
            return try MiphaModel(
                folder: path, imageSize: imageSize, dtype: dtype, device: device, use: use,
                adapters: fresh, quantization: quantization)
        }
        return try MiphaModel(
            folder: path, adapter: adapter, imageSize: imageSize, dtype: dtype, device: device,
            use: use, quantization: quantization)
    }

    /// Positions that a prompt and its answer may take: those of the language model's training, or
    /// those of a longest text with an image, which the reference trains on beyond the former.
    ///
    /// Where texts have no limit the former count.
    public var contextLength: Int {
        guard config.maximumLength < MiphaConfig.unlimitedLength else {
            return config.language.maximumPositions
        }
        return max(
            config.language.maximumPositions,
            config.maximumLength + config.tokensPerImage - 1)
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    private static func require(
        _ names: [String], in folder: String, for purpose: String, or other: String? = nil
    ) throws(FolderError) {
        for name in names where !FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            let alternative = other.map { " (or \($0))" } ?? ""
            throw FolderError(
                .missingPart,
                "\(folder): \(name)\(alternative) is missing; \(purpose) needs it")
        }
    }
}

extension ImageProcessorFile {
    /// The processor, if it makes what a tower takes.
    fileprivate func checked(
        for tower: any TowerFamily, in folder: String
    ) throws(FolderError) -> ImageProcessor {
        let input = tower.input
        guard processor.outputWidth == input.width, processor.outputHeight == input.height else {
            let hint =
                tower.positions.interpolatesAlways
                ? "; mm_vision_image_size in the tower's config says what it takes" : ""
            throw FolderError(
                .mismatchedParts,
                "\(place): makes images of \(processor.outputWidth) x "
                    + "\(processor.outputHeight) pixels, but the vision tower of config.json takes "
                    + "\(input.width) x \(input.height)\(hint)")
        }
        if let patch = patchSize, patch != tower.patchSize {
            throw FolderError(
                .mismatchedParts,
                "\(folder)/processor_config.json: patch_size: expected \(tower.patchSize) as in "
                    + "config.json, found \(patch)")
        }
        return processor
    }
}
