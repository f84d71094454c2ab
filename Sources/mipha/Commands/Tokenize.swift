import ArgumentParser
import MiphaFolders
import MiphaInference

/// Text to token ids.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn lines of standard input into token ids.",
        discussion: """
            EXAMPLE:
              echo "Hello there" | mipha tokenize Mipha-3B
              echo '{"conversations":[{"from":"human","value":"<image>\\nWhat?"},\
            {"from":"gpt","value":"A cat."}]}' | mipha tokenize Mipha-3B --prompt

            Prints one JSON array of ids for each line. With --prompt each line is a LLaVA \
            conversation, and the output {"ids":[...],"labels":[...]}, where -200 stands for an \
            image and -100 for a token that is not learned.
            """)

    @Argument(help: "Model folder.")
    var model: String

    @Flag(help: "Put the beginning-of-text token in front where the model expects one.")
    var special = false

    @Flag(help: "Read conversations, print ids and labels.")
    var prompt = false

    @OptionGroup var conversation: TemplateOption

    @OptionGroup(title: "Common options") var logging: LoggingOptions

    func run() throws {
        let folder = try ModelFolder(model, for: "mipha tokenize")
        let output = logging.output
        let lines = try LineTokenizer(
            folder, addsSpecialTokens: special, template: conversation.chosen())
        try StandardInput.forEachLine { line, number in
            output.result(
                prompt
                    ? try lines.conversation(line, number: number) + "\n" : lines.ids(line) + "\n")
        }
    }
}
