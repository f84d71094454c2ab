public import MiphaChat
public import MiphaImaging
import MiphaModels
public import MiphaTokenizers

/// The parts that turn questions into prompts and define where answers end, checked against the
/// model.
public struct PromptParts: Sendable {
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

    /// Reads what a folder holds; a missing image preprocessing is an error only when images come.
    ///
    /// - Parameters:
    ///   - template: the strings around turns; `nil`: the folder's own.
    ///   - aspectRatio: what to do with images that are not square; `nil`: as the folder says.
    ///   - answers: whether answers are to follow, which the folder's `generation_config.json` has
    ///     a word in.
    /// - Throws: `FolderError`, `TokenizerError`, `ImagingError`, `ChatError`, `CheckpointError`.
    public init(
        _ folder: ModelFolder, template: ChatFormat? = nil, aspectRatio: ImageAspectRatio? = nil,
        answers: Bool = true
    ) throws {
        let text = try TextParts(folder, template: template)
        (tokenizer, self.template) = (text.tokenizer, text.template)
        let processors = try folder.hasImageProcessor ? folder.imageProcessors() : nil
        let ratio = try aspectRatio ?? folder.aspectRatio()
        preparer = processors.map { ImagePreparer($0, aspectRatio: ratio) }
        let generation = answers ? try GenerationFile(folder, tokenizer: tokenizer) : nil
        let chosen = template == nil ? try folder.templateNote(choice: "--template") : nil
        notes = tokenizer.notes + [chosen].compactMap(\.self) + (generation?.notes ?? [])
        stopIDs = text.template.stopIDs(tokenizer).union(generation?.endIDs ?? [])
    }
}
