import ArgumentParser
import MiphaFolders
import MiphaInference

/// Images as the vision tower sees them.
struct Preprocess: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write images as the vision tower sees them.",
        discussion: """
            EXAMPLE:
              mipha preprocess Mipha-3B a.jpg b.png --output a.safetensors --uint8

            Writes the tensor pixel_values [images, 3, height, width] float32 and, with --uint8, \
            resized [images, height, width, 3] uint8, the pixels before normalisation; of a second \
            vision tower also pixel_values_2 and resized_2.
            """)

    @Argument(help: "Model folder.")
    var model: String

    @Argument(help: "Image files: JPEG, PNG, WebP or GIF.")
    var files: [String]

    @Option(help: "The safetensors file to write.")
    var output: String

    @Flag(help: "Also write the pixels before normalisation.")
    var uint8 = false

    @OptionGroup var engine: EngineOptions

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        try engine.start()
        let folder = try ModelFolder(model, for: "mipha preprocess")
        for line in folder.notes { logging.output.relay(line) }
        logging.output.noteOrientations(of: files)
        let interruption = Interruption()
        var bar = ProgressBar(
            "images", total: files.count, unit: "images", output: logging.output)
        defer { bar.finish() }
        try PictureProbe.run(
            folder, pictures: files, output: output, includesResized: uint8
        ) { done in
            try interruption.check()
            bar.update(done)
        }
    }
}
