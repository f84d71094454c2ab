import ArgumentParser
import MiphaFolders
import MiphaInference

/// One pass of the model.
struct Forward: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the model once over given ids and write its logits.",
        discussion: """
            EXAMPLE:
              mipha forward Mipha-3B --ids a.json --image a.jpg --output a.safetensors

            a.json holds an array of ids, or an object with one under "ids"; -200 stands for an \
            image. Writes logits [1, positions, vocabulary] float32 after splicing; --hidden adds \
            vision.k [images, patches, width], k = 0 the embedding output, projector, and hidden.k \
            [1, positions, width], k = 0 the spliced embeddings.
            """)

    @OptionGroup var source: ModelArguments

    @Option(help: "JSON file with the ids.")
    var ids: String

    @Option(
        parsing: .upToNextOption, help: "Image files, one for each -200.")
    var image: [String] = []

    @Option(help: "Instead of --image: a file of mipha preprocess.")
    var pixels: String?

    @Option(help: "The safetensors file to write.")
    var output: String

    @Flag(help: "Also write the states between the layers.")
    var hidden = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        guard pixels == nil || image.isEmpty else {
            throw ValidationError("--pixels and --image: expected one of them, found both")
        }
    }

    func run() throws {
        let choice = try common.start()
        let folder = try source.folder(for: "mipha forward", common, choice)
        common.logging.output.noteOrientations(of: image)
        let prompt = GenerationPrompt(
            ids: try IDList.read(ids),
            images: try folder.images(files: image, pixels: pixels))
        let network = try folder.model(dtype: choice.dtype, device: choice.device)
        try TensorFile.write(
            ForwardProbe.run(network, prompt, keepsStates: hidden), to: output)
    }
}
