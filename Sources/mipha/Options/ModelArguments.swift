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
    /// - Parameters:
    ///   - purpose: the command, as messages name it.
    ///   - output: where notes about the adapter go.
    func folder(for purpose: String, _ output: TerminalOutput) throws -> ModelFolder {
        let folder = try ModelFolder(model, adapter: adapter, for: purpose)
        for note in folder.adapterNotes { output.note(note) }
        return folder
    }

    /// Everything that answering questions needs.
    func bundle(
        for purpose: String, _ choice: CommonOptions.EngineChoice, _ output: TerminalOutput
    ) throws -> ModelBundle {
        let bundle = try ModelBundle(
            folder: model, adapter: adapter, for: purpose, dtype: choice.dtype,
            device: choice.device)
        for note in bundle.folder.adapterNotes { output.note(note) }
        return bundle
    }
}
