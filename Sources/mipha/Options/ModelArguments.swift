import ArgumentParser
import MiphaChat
import MiphaFolders
import MiphaInference

/// The model that a command runs, perhaps with an adapter over it.
struct ModelArguments: ParsableArguments {
    @Argument(help: "Model folder, or an adapter that names the folder of its model.")
    var model: String

    @Option(help: "Folder of a LoRA adapter to run the model with.")
    var adapter: String?

    @Flag(help: "Load weights that are larger than the memory that is free.")
    var ignoreMemory = false

    /// The parts on disk of a model that has room; prints the notes about them.
    ///
    /// - Parameter purpose: the command, as messages name it.
    func folder(
        for purpose: String, _ common: CommonOptions, _ choice: CommonOptions.EngineChoice
    ) throws -> ModelFolder {
        let folder = try ModelFolder(model, adapter: adapter, for: purpose)
        if !ignoreMemory {
            try MachineMemory.requireRoom(
                for: folder, dtype: choice.dtype, on: choice.device)
        }
        for line in try folder.notes + folder.typeNotes(dtype: common.dtype.type) {
            common.logging.output.relay(line)
        }
        return folder
    }

    /// Everything that answering questions needs; prints the notes about it.
    func bundle(
        for purpose: String, _ prompts: TemplateOption, _ choice: CommonOptions.EngineChoice,
        _ output: TerminalOutput
    ) throws -> sending ModelBundle {
        let bundle = try ModelBundle(
            folder: model, adapter: adapter, for: purpose, template: prompts.chosen(),
            dtype: choice.dtype, device: choice.device, ignoresMemory: ignoreMemory)
        for line in bundle.notes { output.relay(line) }
        return bundle
    }
}

/// Which strings stand around turns.
struct TemplateOption: ParsableArguments {
    @Option(
        help: "Chat template; by default that of the folder's own template, else the model's.")
    var template: String?

    /// The template that was chosen.
    func chosen() throws -> ChatFormat? { try template.map { try ChatFormat.named($0) } }
}
