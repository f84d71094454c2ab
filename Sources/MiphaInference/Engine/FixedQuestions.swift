public import MiphaChat
public import MiphaFolders
public import MiphaImaging
public import MiphaModels

/// The same questions, asked again and again of a model that changes, such as one in training.
///
/// Questions are read and encoded once. Asking is one synchronous call without gradients; greedy
/// answers draw nothing at random.
public struct FixedQuestions {
    private let folder: ModelFolder
    private let prompts: PromptBuilder
    private let requests: [PreparedRequest]

    /// Reads tokenizer, images and questions.
    ///
    /// - Parameters:
    ///   - folder: the folder with the model's tokenizer, preprocessing and config; its weights are
    ///     not read.
    ///   - template: the strings around turns; `nil`: the folder's own.
    ///   - aspectRatio: what to do with images that are not square; `nil`: as the folder says.
    /// - Throws: `FolderError`, `TokenizerError`; `ChatError` for a question that the template
    ///   cannot express; `ImagingError` for its images.
    public init(
        _ questions: [ChatRequest], folder: ModelFolder,
        template: ChatFormat? = nil, aspectRatio: ImageAspectRatio? = nil
    ) throws {
        let prompts = try PromptBuilder(folder, template: template, aspectRatio: aspectRatio)
        self.folder = folder
        self.prompts = prompts
        requests = try questions.map {
            try $0.sampling.check()
            return PreparedRequest(
                prompt: try prompts.prompt(for: $0.messages), sampling: $0.sampling)
        }
    }

    /// The model's answers in the order of the questions.
    ///
    /// - Throws: `InferenceError` for a prompt beyond the context or logits that are not numbers;
    ///   `TensorError`.
    public func answers(of model: MiphaModel) throws -> [String] {
        let bundle = ModelBundle(folder: folder, model: model, prompts: prompts)
        var batch = try BatchInProgress(
            bundle, requests, prefixes: nil, observer: BatchInProgress.Observer())
        while try batch.advance() {}
        return try batch.results.map { try $0.get().text }
    }
}
