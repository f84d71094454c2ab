public import MiphaChat
public import MiphaFolders
public import MiphaImaging
public import MiphaTokenizers

/// Turns questions into prompts: text to ids, image files to prepared images.
public struct PromptBuilder: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The strings around turns.
    public let template: ChatFormat
    /// The image preprocessing; `nil` where the model folder has none.
    public let preparer: ImagePreparer?
    /// Notes for the user about tokenizer, template and end of answers.
    public let notes: [String]
    /// Ids that end an answer.
    public let stopIDs: Set<Int>
    /// The folder, for messages.
    let path: String

    /// Reads what a folder holds; a missing image preprocessing is an error only when images come.
    ///
    /// - Parameters:
    ///   - template: the strings around turns; `nil`: the folder's own.
    ///   - aspectRatio: what to do with images that are not square; `nil`: as the folder says.
    /// - Throws: `FolderError`, `TokenizerError`, `ImagingError`, `ChatError`, `CheckpointError`.
    public init(
        _ folder: ModelFolder, template: ChatFormat? = nil, aspectRatio: ImageAspectRatio? = nil
    ) throws {
        let parts = try PromptParts(folder, template: template, aspectRatio: aspectRatio)
        (tokenizer, self.template) = (parts.tokenizer, parts.template)
        (preparer, notes, stopIDs) = (parts.preparer, parts.notes, parts.stopIDs)
        path = folder.path
    }

    /// The prompt of a conversation.
    ///
    /// Content that spells a special token stays text, so it cannot end a turn.
    ///
    /// - Throws: `ChatError` for the order of messages; `ImagingError` for images.
    public func prompt(for messages: [ChatMessage]) throws -> GenerationPrompt {
        let encoded = try encoder().prompt(for: messages)
        return GenerationPrompt(ids: encoded.ids, images: try encoded.images.map(image))
    }

    /// Makes the encoder that turns messages into ids.
    func encoder() throws(ChatError) -> ConversationEncoder {
        try ConversationEncoder(tokenizer: tokenizer, template: template, options: .chat)
    }

    /// Prepares an image.
    ///
    /// - Throws: `ImagingError`; `FolderError` where the folder has no image preprocessing.
    public func image(of reference: ImageReference) throws -> PreparedImage {
        guard let preparer else {
            throw ModelFolder.missingImageProcessor(path, "questions with images need it")
        }
        return switch reference {
        case .file(let path):
            try preparer.image(contentsOf: path)
        case .bytes(let bytes):
            try preparer.image(decoding: bytes, name: "image")
        }
    }
}
