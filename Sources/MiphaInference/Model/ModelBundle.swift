public import MiphaChat
public import MiphaFolders
public import MiphaModels
public import MiphaTorch

/// A model with everything that answering questions needs.
public struct ModelBundle {
    /// The folder it was loaded from, with its config.
    public let folder: ModelFolder
    /// The network.
    public let model: MiphaModel
    /// Text and images to prompts.
    public let prompts: PromptBuilder
    /// Notes for the user about the folder.
    public let notes: [String]

    /// Loads a model folder.
    ///
    /// - Parameters:
    ///   - path: a model folder, or an adapter that names the folder of its model.
    ///   - adapter: the folder of an adapter to run the model with.
    ///   - purpose: what it is loaded for, as messages name it.
    ///   - template: the strings around turns; `nil`: the folder's own.
    ///   - dtype: wanted element type; `nil` keeps the stored one.
    ///   - ignoresMemory: whether weights are loaded that are larger than the memory that is free.
    /// - Throws: `FolderError` naming a missing part, or the bytes that are missing; the error of a
    ///   part that cannot be read.
    public init(
        folder path: String, adapter: String? = nil, for purpose: String,
        template: ChatFormat? = nil, dtype: DType? = nil, device: Device,
        ignoresMemory: Bool = false
    ) throws {
        folder = try ModelFolder(path, adapter: adapter, for: purpose)
        if !ignoresMemory {
            try MachineMemory.requireRoom(for: folder, dtype: dtype, on: device)
        }
        prompts = try PromptBuilder(folder, template: template)
        model = try folder.model(dtype: dtype, device: device)
        notes = try folder.notes + folder.typeNotes(dtype: dtype) + prompts.notes
    }

    /// Puts parts together that are already there.
    public init(folder: ModelFolder, model: MiphaModel, prompts: PromptBuilder) {
        self.folder = folder
        self.model = model
        self.prompts = prompts
        notes = folder.notes + prompts.notes
    }
}
