import ArgumentParser
import Foundation
import MiphaChat
import MiphaInference

/// A conversation in the terminal.
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk with a model about images, with memory of what was said.",
        discussion: """
            EXAMPLE:
              mipha chat Mipha-3B --image photo.jpg

            Lines that start with a slash are commands:
            \(ChatSession.help)
            Ctrl-C stops an answer; at the prompt it leaves, as the end of the input does.
            """)

    @OptionGroup var source: ModelArguments

    @Option(
        parsing: .upToNextOption, help: "Image files for the first message.")
    var image: [String] = []

    @OptionGroup var prompts: TemplateOption
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments
    @OptionGroup(title: "Common options") var common: CommonOptions

    func run() async throws {
        let choice = try common.start()
        let output = common.logging.output
        let engine = InferenceEngine(
            try source.bundle(for: "mipha chat", prompts, choice, output),
            logger: output.logger("mipha.inference"))
        let printer = AnswerPrinter(engine: engine, output: output, streams: true)
        var session = ChatSession(sampling: sampling.options(seed: choice.seed))
        for path in image { output.note(try session.attach(path, checking: engine.prompts)) }
        output.note("\(engine.card.name) is ready; /help lists the commands")
        let prompt = TerminalOutput.isInteractive ? "> " : ""
        while let line = ask(prompt) {
            do {
                switch try session.read(line, checking: engine.prompts) {
                case .nothing: break
                case .note(let text): output.note(text)
                case .leave: return
                case .question(let request):
                    let reply = try await printer.answer(request)
                    session.remember(reply)
                    if reply.outcome.reason != .stop {
                        output.note("(\(reply.outcome.reason.rawValue))")
                    }
                }
            } catch {
                // A bad image or a prompt that is too long ends the turn, not the conversation.
                output.error("\(error)")
                session.dropQuestion()
            }
        }
    }

    private func ask(_ prompt: String) -> String? {
        FileHandle.standardError.write(Data(prompt.utf8))
        return readLine()
    }
}
