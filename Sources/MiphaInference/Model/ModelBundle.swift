public import MiphaModels
public import MiphaTorch

/// A model with everything that answering questions needs.
public struct ModelBundle {
    /// Where it came from and what its config says.
    public let folder: ModelFolder
    /// The network.
    public let model: MiphaModel
    /// Text and pictures to prompts.
    public let prompts: PromptBuilder

    /// Loads a model folder.
    ///
    /// - Parameters:
    ///   - path: a model folder, or an adapter that names the folder of its model.
    ///   - adapter: the folder of an adapter to run the model with.
    ///   - purpose: what it is loaded for, as messages name it.
    ///   - dtype: wanted element type; `nil` keeps the stored one.
    /// - Throws: `InferenceError` naming a missing part; the error of a part that cannot be read.
    public init(
        folder path: String, adapter: String? = nil, for purpose: String, dtype: DType? = nil,
        device: Device = .cpu
    ) throws {
        folder = try ModelFolder(path, adapter: adapter, for: purpose)
        prompts = try PromptBuilder(folder)
        model = try folder.model(dtype: dtype, device: device)
    }

    /// Puts parts together that are already there.
    public init(folder: ModelFolder, model: MiphaModel, prompts: PromptBuilder) {
        self.folder = folder
        self.model = model
        self.prompts = prompts
    }
}
