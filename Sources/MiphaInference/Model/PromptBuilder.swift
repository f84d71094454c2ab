public import MiphaChat
public import MiphaImaging
import MiphaModels
public import MiphaTokenizers

/// Turns questions into prompts: text to ids, image files to prepared images.
public struct PromptBuilder: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The strings around turns.
    public let template: ChatTemplate
    /// What prepares images; `nil` where the model folder has no image preprocessing.
    public let preparer: ImagePreparer?
    /// What people are told about tokenizer, template and end of answers.
    public let notes: [String]
    /// Ids that end an answer.
    public let stopIDs: Set<Int>
    /// The folder, for messages.
    let path: String

    /// Reads what a folder holds; a missing picture preprocessing is an error only when pictures come.
    ///
    /// - Parameters:
    ///   - template: the strings around turns; `nil`: the folder's own.
    ///   - aspectRatio: what to do with pictures that are not square; `nil`: as the folder says.
    ///   - answers: whether answers are to follow, which the folder's `generation_config.json` has a
    ///     word in.
    /// - Throws: `InferenceError`, `TokenizerError`, `ImagingError`, `ChatError`, `CheckpointError`.
    public init(
        _ folder: ModelFolder, template: ChatTemplate? = nil, aspectRatio: ImageAspectRatio? = nil,
        answers: Bool = true
    ) throws {
        let tokenizer = try folder.tokenizer()
        self.tokenizer = tokenizer
        let chosen = try template ?? folder.template()
        self.template = chosen
        let processor = try folder.hasImageProcessor ? folder.imageProcessor() : nil
        let ratio = try aspectRatio ?? folder.aspectRatio()
        preparer = processor.map { ImagePreparer($0, aspectRatio: ratio) }
        path = folder.path
        let generation = answers ? try GenerationFile(folder, tokenizer: tokenizer) : nil
        notes =
            try tokenizer.notes + (generation?.notes ?? [])
            + (template == nil ? folder.templateNotes(option: "--template") : [])
        stopIDs = chosen.stopIDs(tokenizer).union(generation?.endIDs ?? [])
        try self.template.check(tokenizer)
        guard tokenizer.count <= folder.config.language.vocabularySize else {
            throw InferenceError(
                .mismatchedParts,
                "\(folder.path): the tokenizer has \(tokenizer.count) tokens, but the model's "
                    + "vocab_size is \(folder.config.language.vocabularySize); these files do not "
                    + "belong together")
        }
    }

    /// The prompt of a conversation.
    ///
    /// Content that spells a special token stays text, so it cannot end a turn.
    ///
    /// - Throws: `ChatError` for the order of messages; `ImagingError` for pictures.
    public func prompt(for messages: [ChatMessage]) throws -> GenerationPrompt {
        let encoded = try encoder().prompt(for: messages)
        return GenerationPrompt(ids: encoded.ids, images: try encoded.images.map(image))
    }

    /// What turns messages into ids.
    func encoder() throws(ChatError) -> ConversationEncoder {
        try ConversationEncoder(tokenizer: tokenizer, template: template, options: .chat)
    }

    /// Prepares an image.
    ///
    /// - Throws: `ImagingError`; `InferenceError` where the folder has no image preprocessing.
    public func image(of reference: ImageReference) throws -> PreparedImage {
        guard let preparer else {
            throw InferenceError(
                .missingPart,
                "\(path): preprocessor_config.json (or processor_config.json with image_processor) is "
                    + "missing; questions with pictures need it")
        }
        return switch reference {
        case .file(let path):
            try preparer.image(contentsOf: path)
        case .bytes(let bytes):
            try preparer.image(decoding: bytes, name: "picture")
        }
    }
}
