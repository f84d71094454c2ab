import ArgumentParser
import MiphaFolders
import MiphaModels

/// A model folder with an adapter folded in.
struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fold a LoRA adapter into a model.",
        discussion: """
            EXAMPLE:
              mipha merge Mipha-3B --adapter DIR --output Mipha-3B-tuned

            DIR is an adapter as mipha train or PEFT writes it (adapter_config.json and \
            adapter_model.safetensors): LoRA, rsLoRA or DoRA of linear layers. What was trained in \
            full beside it (non_lora_trainables.safetensors) replaces the model's own. The result is \
            a complete model folder in the layout and element type of MODEL.
            """)

    @Argument(help: "Model folder that the adapter was trained on.")
    var model: String

    @Option(help: "Folder of the adapter.")
    var adapter: String

    @Option(help: "The folder to create.")
    var output: String

    @OptionGroup var engine: EngineOptions

    @OptionGroup(title: "Common options") var logging: LoggingOptions

    func run() throws {
        try engine.start()
        let folder = try ModelFolder(model, for: "mipha merge")
        let update = try AdapterFolder(adapter)
        for note in folder.notes(update) { logging.output.note(note) }
        let files = try ModelConversion.merge(update, into: folder, output: output)
        logging.output.note("\(output): \(files.joined(separator: ", "))")
    }
}
