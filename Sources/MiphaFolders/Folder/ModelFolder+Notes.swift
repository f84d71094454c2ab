public import MiphaChat
import MiphaFiles
package import MiphaImaging
import MiphaModels
public import MiphaTorch

extension ModelFolder {
    /// Notes for the user about the adapter, the config and the image preprocessing: fields that
    /// are not known, and places where the folder does not do what transformers would.
    public var notes: [String] {
        var notes = adapterNotes + config.findings(configFile).notes(configFile)
        guard let files = try? pictureFiles(), let file = files.first else { return notes }
        notes += files.flatMap(\.notes)
        if config.layout == .llava, let ratio = try? aspectRatio(),
            ratio != (file.processor.pads ? .pad : .square)
        {
            let kind = file.processor.kind.rawValue
            notes.append(
                "\(configFile): image_aspect_ratio \"\(ratio.rawValue)\": images are treated so "
                    + "here, but transformers does not read the key, and \(kind) does otherwise; mipha "
                    + "convert writes a folder that says it in both")
        }
        return notes
    }

    /// Notes for the user about the element type that the model is computed in.
    ///
    /// - Parameter dtype: the type asked for.
    public func typeNotes(dtype: DType?) throws -> [String] {
        guard dtype == nil else { return [] }
        return try MiphaModel.storedTypes(folder: path, config).notes
    }

    /// The image preprocessing of the vision towers, of those for which there is one.
    package func pictureFiles() throws(ImagingError) -> [ImageProcessorFile] {
        var files: [ImageProcessorFile] = []
        for tower in config.vision.towers.indices {
            if let file = try ImageProcessorFile(folder: path, tower: tower) {
                files.append(try file.resized(to: imageSize))
            }
        }
        return files
    }

    /// The chat template that the folder carries, if any.
    package func ownTemplate() throws(ChatError) -> FolderTemplate? {
        try FolderTemplate(folder: path)
    }

    /// A note for the user where prompts follow a published template that is not that of the language
    /// model's family: the tokenizer of a chat model brings one, whatever the model was trained with.
    ///
    /// - Parameter choice: what chooses another format, for the note.
    package func templateNote(choice: String) throws(ChatError) -> String? {
        guard try adapter?.template() == nil, let own = try ownTemplate(), let known = own.known
        else { return nil }
        let family = try ChatFormat.named(config.chatFormat)
        guard known != family, !own.isWrittenHere else { return nil }
        return "\(own.place): prompts are written as \(known.name); models of this family are "
            + "usually trained with \(family.name); \(choice) chooses"
    }

    /// The chat format: that which the adapter's folder says it was trained with, else that of the
    /// folder's own template where it carries one, else that of the language model's family.
    ///
    /// - Throws: `ChatError` for a template file that cannot be read, or a template or format that
    ///   is not known.
    public func template() throws(ChatError) -> ChatFormat {
        if let trained = try adapter?.template() { return trained }
        if let own = try ownTemplate() { return try own.format() }
        return try .named(config.chatFormat)
    }
}
