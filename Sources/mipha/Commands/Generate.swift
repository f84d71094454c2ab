import ArgumentParser
import MiphaChat
import MiphaInference

/// One answer.
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer one question about one or several images, or without any.",
        discussion: """
            EXAMPLE:
              mipha generate Mipha-3B --image cat.jpg --prompt "What is the cat doing?"
              mipha generate Mipha-3B --image a.png b.png --prompt "Compare." --json
              mipha generate Mipha-3B --adapter runs/lora --image cat.jpg --prompt "Describe it."

            Images stand in front of the question, unless it says where with as many <image> \
            markers. --json prints {"text", "tokens", "prompt_tokens", "image_tokens", \
            "completion_tokens", "finish_reason", "timings"}; times are seconds, tokens include the \
            token that ended the answer.
            """)

    @OptionGroup var source: ModelArguments

    @Option(
        parsing: .upToNextOption, help: "Image files: JPEG, PNG, WebP or GIF.")
    var image: [String] = []

    @Option(help: "The question.")
    var prompt: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var prompts: TemplateOption
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        let markers = prompt.ranges(of: ImageMarker.text).count
        guard markers == 0 || markers == image.count else {
            throw ValidationError(
                "--prompt has \(markers) \(ImageMarker.text) markers, but there are "
                    + "\(image.count) --image files; expected one file for each marker, or no "
                    + "markers")
        }
    }

    func run() async throws {
        let choice = try common.start()
        let output = common.logging.output
        let engine = InferenceEngine(
            try source.bundle(for: "mipha generate", prompts, choice, output),
            logger: output.logger("mipha.inference"))
        output.noteOrientations(of: image)
        let request = ChatRequest(
            prompt, images: image.map { .file($0) }, sampling: sampling.options(seed: choice.seed))
        let reply = try await AnswerPrinter(engine: engine, output: output, streams: !json)
            .answer(request)
        if json { try output.result(reply.json) }
        if reply.outcome.reason == .cancelled { throw ExitCode(ExitStatus.interrupted) }
    }
}
