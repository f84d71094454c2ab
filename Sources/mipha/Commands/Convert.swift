import ArgumentParser
import MiphaFolders
import MiphaModels

/// A model folder in another layout.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model folder in another layout.",
        discussion: """
            EXAMPLE:
              mipha convert Mipha-3B --to hf-llava --output DIR --drop-head-bias

            mipha is the official layout; hf-llava is read by LlavaForConditionalGeneration of \
            transformers, which has no place for a bias of the language head: one that is not zero is \
            only left out with --drop-head-bias, and answers then differ. Fused projections are split \
            there, and fused again on the way back. Tokenizer and image preprocessing are copied; \
            weights keep their type and bits.

            --image-size writes the model for images of another size: tables of positions are \
            interpolated as transformers does, and config and image preprocessing say the size.
            """)

    @Argument(help: "Model folder.")
    var model: String

    @Option(help: "The layout to write: mipha or hf-llava.")
    var to: Layout

    @Option(help: "The folder to create.")
    var output: String

    @Option(help: "Side in pixels of the images that the vision tower is to see.")
    var imageSize: Int?

    @Flag(help: "Leave out a bias that the layout has no place for.")
    var dropHeadBias = false

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        try engine.start()
        let folder = try ModelFolder(model, imageSize: imageSize, for: "mipha convert")
        for line in folder.notes { logging.output.relay(line) }
        let files = try ModelConversion.run(
            folder, to: to == .mipha ? .mipha : .llava, output: output, dropsHeadBias: dropHeadBias)
        logging.output.note("\(output): \(files.joined(separator: ", "))")
    }

    /// Layouts that can be written.
    enum Layout: String, CaseIterable, ExpressibleByArgument {
        case mipha
        case llava = "hf-llava"
    }
}
