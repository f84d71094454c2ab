public import MiphaChat
import MiphaModels

/// Training samples of a LLaVA file, ready for the model.
public struct TrainingSampleReader: Sendable {
    /// The samples of the file.
    public let samples: [ConversationSample]
    private let encoder: ConversationEncoder
    private let prompts: PromptBuilder
    private let images: String?

    /// Reads a file of conversations.
    ///
    /// - Parameters:
    ///   - images: the folder that picture paths are relative to.
    ///   - template: name of the template; `nil` takes the model's.
    /// - Throws: `ChatError` naming file, item and key.
    public init(
        file: String, images: String?, folder: ModelFolder, template: String? = nil
    ) throws {
        samples = try ConversationReader().read(file: file)
        prompts = try PromptBuilder(folder)
        let chosen = try template.map { try ChatTemplate.named($0) } ?? folder.template
        encoder = try ConversationEncoder(
            tokenizer: prompts.tokenizer, template: chosen,
            options: EncodingOptions(maximumLength: folder.config.maximumLength))
        self.images = images
    }

    /// Ids, labels and picture values of a sample; pictures cut off with the text are left out.
    public func read(_ index: Int) throws -> (sample: EncodedSample, pictures: [[Float]]) {
        let encoded = try encoder.encode(samples[index])
        let names = samples[index].images.prefix(encoded.imageCount)
        let pictures = try names.map { name in
            guard let images else {
                throw InferenceError(
                    .invalidPrompt,
                    "item \(index) names the picture \"\(name)\", but no folder of pictures was "
                        + "given")
            }
            return try prompts.values(of: .file("\(images)/\(name)"))
        }
        return (encoded, pictures)
    }
}
