import ArgumentParser
import Foundation

/// The command `mipha` with all that hang below it.
struct Mipha: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mipha",
        abstract: "Train, run and examine Mipha, a multimodal model with a small language model.",
        discussion: """
            EXAMPLE:
              mipha generate Mipha-3B --image photo.jpg --prompt "What is in the image?"

            Results go to standard output; progress, notes and errors to standard error. Exit status: \
            0 done, 1 the work failed, 2 wrong usage or bad input, 130 interrupted. Progress bars \
            and colours follow NO_COLOR.
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Training", subcommands: [DemoCommand.self, Train.self, Plan.self]),
            CommandGroup(
                name: "Evaluation", subcommands: [Eval.self, Score.self, DataCommand.self]),
            CommandGroup(name: "Answers", subcommands: [Generate.self, Chat.self]),
            CommandGroup(name: "Models", subcommands: [Inspect.self, Convert.self, Merge.self]),
            CommandGroup(
                name: "Plumbing",
                subcommands: [
                    Preprocess.self, Tokenize.self, Detokenize.self, Forward.self, Loss.self,
                ]),
        ])
}

/// Runs the command and turns every error into one line and an exit status.
@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        // A file beyond the limit of the shell is an error of its writer, not the end.
        signal(SIGXFSZ, SIG_IGN)
        let output = TerminalOutput()
        do {
            var command = try Mipha.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            ExitStatus.end(with: error, output: output)
        }
    }
}
