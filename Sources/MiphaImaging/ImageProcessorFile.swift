import MiphaFiles

/// The image preprocessing in a model folder.
///
/// It stands in `preprocessor_config.json` or, as version 5 of transformers saves it, under
/// `image_processor` in `processor_config.json`. Where both are there they must agree. That of a second
/// vision tower stands in `preprocessor_config_2.json`.
public struct ImageProcessorFile: Sendable {
    /// Where it stands, for messages.
    public let place: String
    /// The processor.
    public private(set) var processor: ImageProcessor
    /// Notes about the files for the user.
    public let notes: [String]
    /// Side of the patches that `processor_config.json` counts with.
    public let patchSize: Int?

    private let processorObject: ProcessorObject?
    private let isNested: Bool
    private let tower: Int
    /// Whether the processor is that of the files.
    private var isAsStored = true

    /// Most towers that a folder has preprocessing for.
    package static let towerCount = 2

    /// Names of the files.
    package static let names = (0..<towerCount).flatMap(fileNames)

    /// What names that belong to a vision tower end in: nothing for the first, `_2` for the second.
    package static func suffix(tower: Int) -> String { tower == 0 ? "" : "_\(tower + 1)" }

    /// Names of the files of a vision tower, the usual one first.
    package static func fileNames(tower: Int) -> [String] {
        let plain = "preprocessor_config\(suffix(tower: tower)).json"
        return tower == 0 ? [plain, "processor_config.json"] : [plain]
    }

    /// Reads a folder.
    ///
    /// - Parameter tower: number of the vision tower, from 0.
    /// - Returns: `nil` when it has no image preprocessing.
    /// - Throws: `ImagingError` naming the file and the key.
    public init?(folder: String, tower: Int = 0) throws(ImagingError) {
        let names = Self.fileNames(tower: tower)
        let plain = try Self.object(names[0], in: folder)
        let outer = names.count > 1 ? try Self.object(names[1], in: folder) : nil
        var nested: ProcessorObject?
        var notes: [String] = []
        if let outer {
            let findings = ImageProcessor.processorFields.examine(
                outer.members, file: outer.name)
            if let message = findings.refused.first {
                throw ImagingError(.configuration, message)
            }
            notes += findings.notes(outer.name)
            nested = outer.members["image_processor"]?.objectValue.map {
                ProcessorObject(members: $0, name: "\(outer.name): image_processor")
            }
        }
        guard let found = nested ?? plain else { return nil }
        processor = try ImageProcessor(found)
        if let nested, let plain {
            guard try ImageProcessor(plain).object == processor.object else {
                throw ImagingError(
                    .configuration,
                    "\(plain.name) and \(nested.name) differ; expected the same image "
                        + "preprocessing in both, or one of them only")
            }
        }
        if let plain {
            notes += ImageProcessor.fields.examine(plain.members, file: plain.name)
                .notes(plain.name)
        }
        if found.value("image_processor_type") == nil, found.value("feature_extractor_type") == nil
        {
            notes.append(
                "\(found.name): image_processor_type is missing; taken as "
                    + processor.kind.rawValue)
        }
        place = found.name
        self.notes = notes
        patchSize = outer?.value("patch_size")?.integerValue
        processorObject = outer
        isNested = nested != nil
        self.tower = tower
    }

    /// The same preprocessing for tensors of another side, which is written anew.
    ///
    /// - Parameter side: in pixels; `nil`: no change.
    package func resized(to side: Int?) throws(ImagingError) -> ImageProcessorFile {
        guard let side else { return self }
        var file = self
        do throws(ImagingError) {
            file.processor = try processor.resized(to: side)
        } catch {
            throw error.about(place)
        }
        file.isAsStored = file.processor == processor && isAsStored
        return file
    }

    private static func object(
        _ name: String, in folder: String
    ) throws(ImagingError) -> ProcessorObject? {
        let path = FileSystem.join(folder, name)
        guard FileSystem.kind(path) != nil else { return nil }
        return try ProcessorObject(parsing: readFile(path, limit: 1 << 20), name: path)
    }

    /// What is done with images that are not square by all the files of a folder; `nil` without any.
    ///
    /// - Parameter stated: `image_aspect_ratio` of a config.
    /// - Throws: `ImagingError` when a file states something else, or files differ.
    package static func aspectRatio(
        of files: [ImageProcessorFile], stated: ImageAspectRatio?, by config: String
    ) throws(ImagingError) -> ImageAspectRatio? {
        let ratios = try files.map { file throws(ImagingError) in
            try file.aspectRatio(stated: stated, by: config)
        }
        if let other = ratios.firstIndex(where: { $0 != ratios[0] }) {
            throw ImagingError(
                .configuration,
                "images that are not square are treated as \"\(ratios[0].rawValue)\" by "
                    + "\(files[0].place) and as \"\(ratios[other].rawValue)\" by "
                    + "\(files[other].place); expected the same for both vision towers, or "
                    + "image_aspect_ratio in \(config)")
        }
        return ratios.first
    }

    /// What is done with images that are not square.
    ///
    /// - Parameter stated: `image_aspect_ratio` of a config, which the official code goes by.
    /// - Throws: `ImagingError` when the file states something else.
    package func aspectRatio(
        stated: ImageAspectRatio?, by config: String
    ) throws(ImagingError) -> ImageAspectRatio {
        let own: ImageAspectRatio = processor.pads ? .pad : .square
        guard let stated, stated != own else { return own }
        guard !processor.statesPadding else {
            throw ImagingError(
                .configuration,
                "\(place): do_pad is \(processor.pads), but image_aspect_ratio of \(config) is "
                    + "\"\(stated.rawValue)\"; expected both to say the same, or one of them only")
        }
        return stated
    }

    /// Writes the preprocessing into another folder.
    ///
    /// - Parameters:
    ///   - aspectRatio: what is done with images that are not square; `nil` where no image is read.
    ///   - isStated: whether the config there says it, and code that knows no class but SigLIP's and
    ///     CLIP's reads the folder. Otherwise the file says it, in the class of transformers that
    ///     pads as this program does.
    /// - Throws: `ImagingError`; `FileError` when a file cannot be written.
    package func write(
        to target: String, aspectRatio: ImageAspectRatio?, isStated: Bool, from source: String
    ) throws {
        let pads = !isStated && (aspectRatio.map { $0 == .pad } ?? processor.pads)
        let isReadable = !isStated || (processor.kind != .llava && !isNested)
        let names = Self.fileNames(tower: tower)
        if isAsStored, processor.pads == pads, isReadable {
            for name in names where !FileSystem.isMissing(FileSystem.join(source, name)) {
                try AtomicFile.write(
                    FileSystem.read(FileSystem.join(source, name), limit: 1 << 20),
                    to: FileSystem.join(target, name))
            }
            return
        }
        let kind: ImageProcessor.Kind =
            if isStated, processor.kind == .llava {
                processor.crops ? .clip : .siglip
            } else {
                isStated ? processor.kind : .llava
            }
        try AtomicFile.write(
            processor.kept(as: kind, pads: pads).encoded(),
            to: FileSystem.join(target, names[0]))
        guard var outer = processorObject?.members else { return }
        outer["image_processor"] = nil
        try AtomicFile.write(
            ProcessorObject(members: outer, name: names[1]).encoded(),
            to: FileSystem.join(target, names[1]))
    }
}
