import Foundation
import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaImaging
public import MiphaModels
import MiphaTokenizers
import MiphaTorch

/// Writes a model folder again in another layout.
public enum ModelConversion {
    /// Converts a model; weights keep their dtype and their bits.
    ///
    /// An adapter that the folder is opened with is folded in. A folder that is opened at another image
    /// size is written at that size: tables of positions, config and image preprocessing.
    ///
    /// - Parameters:
    ///   - output: the folder to create; it appears when everything is written.
    ///   - dropsHeadBias: whether a non-zero bias of the head may be lost in the LLaVA layout.
    /// - Returns: names of the files written, in the order of the alphabet.
    /// - Throws: `ParameterError` when the layout cannot hold the model; `FileError` when
    ///   `output` exists or cannot be written.
    public static func run(
        _ folder: ModelFolder, to layout: CheckpointLayout, output: String, dropsHeadBias: Bool
    ) throws -> [String] {
        try folder.config.requirePlace(in: layout, for: output)
        return try write(
            folder.model(device: .cpu), of: folder, to: output,
            MiphaModel.SaveOptions(layout: layout, dropsHeadBias: dropsHeadBias))
    }

    /// Folds an adapter into the weights of its model; they keep their dtype.
    ///
    /// - Parameter output: the folder to create, in the model's layout; it appears when everything
    ///   is written.
    /// - Returns: names of the files written, in the order of the alphabet.
    /// - Throws: `ParameterError` when the adapter belongs to another model; `FileError` when
    ///   `output` exists or cannot be written.
    public static func merge(
        _ adapter: AdapterFolder, into folder: ModelFolder, output: String
    ) throws -> [String] {
        if let inner = folder.adapter {
            throw FolderError(
                .mismatchedParts,
                "\(inner.path) is an adapter; expected the folder of the model to fold \(adapter.path) "
                    + "into, such as \(folder.path)")
        }
        return try write(
            MiphaModel(folder: folder.path, adapter: adapter, device: .cpu), of: folder, to: output,
            MiphaModel.SaveOptions(layout: folder.config.layout),
            trained: adapter)
    }

    private static func write(
        _ model: MiphaModel, of folder: ModelFolder, to output: String,
        _ options: MiphaModel.SaveOptions, trained adapter: AdapterFolder? = nil
    ) throws -> [String] {
        let stated = adapter?.imageAspectRatio.flatMap { ImageAspectRatio(rawValue: $0) }
        let target = try AtomicDirectory(path: output)
        var model = model
        let ratio = try folder.hasImageProcessor ? stated ?? folder.aspectRatio() : nil
        if let ratio { model.config.imageAspectRatio = ratio.rawValue }
        if options.layout == .llava, model.config.imageTokenID == nil {
            model.config.imageTokenID = try imageToken(of: folder)
        }
        try model.save(to: target.partialPath, options: options)
        try CompanionFiles.copy(
            from: folder.path, to: target.partialPath, aspectRatio: ratio,
            isStated: options.layout == .mipha, imageSize: folder.imageSize)
        let trained = try (adapter ?? folder.adapter)?.template()
        if let trained, let jinja = trained.jinja,
            try FolderTemplate.format(of: folder.path, family: folder.config.chatFormat) != trained
        {
            try AtomicFile.write(
                jinja, to: FileSystem.join(target.partialPath, FolderTemplate.files[0]))
        }
        if options.layout == .llava, folder.config.layout != .llava {
            try writePrompts(of: folder, trained, to: target.partialPath)
        }
        try target.commit()
        return try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    }

    /// The id that stands for an image in prompts for transformers: that of `<image>`, or else the last
    /// one of the table of embeddings, which must not be a token.
    private static func imageToken(of folder: ModelFolder) throws -> Int? {
        guard let tokenizer = try? folder.tokenizer() else { return nil }
        if let id = tokenizer.id(of: ImageMarker.text) { return id }
        let last = folder.config.language.vocabularySize - 1
        guard tokenizer.count <= last else {
            throw FolderError(
                .mismatchedParts,
                "\(folder.path): the layout hf-llava needs an id for images: expected a token "
                    + "\(ImageMarker.text), or a vocab_size of more than the tokenizer's "
                    + "\(tokenizer.count) tokens")
        }
        return last
    }

    /// Writes how answers end, and the template, so that transformers does as is done here: its
    /// default ends of Phi's answers are ids of ordinary text.
    ///
    /// - Parameter trained: the format of the adapter that was folded in, which goes first.
    private static func writePrompts(
        of folder: ModelFolder, _ trained: ChatFormat?, to target: String
    ) throws {
        guard let tokenizer = try? folder.tokenizer() else { return }
        let file = FileSystem.join(target, "generation_config.json")
        var settings =
            try FileSystem.isMissing(file) ? JSONObject() : ConfigReader(contentsOf: file).object
        let own = try folder.ownTemplate()
        // A template that is not known stays as it is and says nothing of ends.
        let template =
            try trained
            ?? FolderTemplate.format(of: folder.path, family: folder.config.chatFormat)
        let ends = template?.stopIDs(tokenizer) ?? Set([tokenizer.endOfTextID].compactMap(\.self))
        let ids = try ends.union(GenerationFile(folder, tokenizer: tokenizer).endIDs).sorted()
        settings["eos_token_id"] = .array(ids.map { .integer($0) })
        try JSONValue.object(settings).write(to: file)
        guard own == nil, let jinja = template?.jinja else { return }
        try AtomicFile.write(jinja, to: FileSystem.join(target, FolderTemplate.files[0]))
    }
}
