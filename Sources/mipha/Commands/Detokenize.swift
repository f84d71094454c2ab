import ArgumentParser
import MiphaFolders
import MiphaInference

/// Token ids to text.
struct Detokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn JSON arrays of token ids, one on each line, into text.",
        discussion: """
            EXAMPLE:
              echo "[15496, 612]" | mipha detokenize Mipha-3B

            Prints one JSON string for each line of standard input.
            """)

    @Argument(help: "Model folder.")
    var model: String

    @OptionGroup(title: "Common options") var logging: LoggingOptions

    func run() throws {
        let folder = try ModelFolder(model, for: "mipha detokenize")
        let lines = try LineTokenizer(folder, addsSpecialTokens: false)
        let output = logging.output
        try StandardInput.forEachLine { line, number in
            output.result(try lines.text(line, number: number) + "\n")
        }
    }
}
