import ArgumentParser
import MiphaInference

/// The model that a command runs, perhaps with an adapter over it.
struct ModelArguments: ParsableArguments {
    @Argument(help: "Model folder, or an adapter that names the folder of its model.")
    var model: String

    @Option(help: "Folder of a LoRA adapter to run the model with.")
    var adapter: String?

    /// The parts on disk.
    ///
    /// - Parameter purpose: the command, as messages name it.
    func folder(for purpose: String) throws -> ModelFolder {
        try ModelFolder(model, adapter: adapter, for: purpose)
    }

    /// Everything that answering questions needs.
    func bundle(for purpose: String, _ choice: CommonOptions.EngineChoice) throws -> ModelBundle {
        try ModelBundle(
            folder: model, adapter: adapter, for: purpose, dtype: choice.dtype,
            device: choice.device)
    }
}
