public import MiphaChat
import MiphaModels
public import MiphaTokenizers

/// The parts that turn conversations into ids: a tokenizer and the strings around turns, which fit
/// each other and the model.
public struct TextParts: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The strings around turns.
    public let template: ChatFormat

    /// Reads the tokenizer of a folder.
    ///
    /// - Parameter template: the strings around turns; `nil`: the folder's own.
    /// - Throws: `FolderError` when there is no tokenizer, or it has ids that the model has no
    ///   embedding for; `TokenizerError`; `ChatError` when the template's end of turn is not one
    ///   token.
    public init(_ folder: ModelFolder, template: ChatFormat? = nil) throws {
        tokenizer = try folder.tokenizer()
        self.template = try template ?? folder.template()
        try self.template.check(tokenizer)
        let vocabulary = folder.config.language.vocabularySize
        guard tokenizer.count <= vocabulary else {
            throw FolderError(
                .mismatchedParts,
                "\(folder.path): the tokenizer has \(tokenizer.count) tokens, but the model's "
                    + "vocab_size is \(vocabulary); these files do not belong together")
        }
    }
}
