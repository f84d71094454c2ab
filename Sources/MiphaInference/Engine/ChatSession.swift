public import MiphaChat
import MiphaFiles
import MiphaImaging

/// A conversation that is led by typed lines: questions, and commands that start with a slash.
public struct ChatSession: Sendable {
    /// The action that a line asks for.
    public enum Action: Sendable, Hashable {
        /// Nothing.
        case nothing
        /// To be shown.
        case note(String)
        /// To be answered; then `remember` or `dropQuestion` is due.
        case question(ChatRequest)
        /// The end of the conversation.
        case leave
    }

    /// The commands, one on a line.
    public static let help = """
          /image FILE   show a picture with the next message
          /reset        forget the conversation
          /save FILE    write the conversation as LLaVA JSON
          /help         list the commands
          /exit         leave
        """

    private let sampling: SamplingOptions
    private var messages: [ChatMessage] = []
    private var pending: [ImageReference] = []

    /// Starts an empty conversation.
    public init(sampling: SamplingOptions) {
        self.sampling = sampling
    }

    /// Reads a line.
    ///
    /// - Throws: `ImagingError` for an image that cannot be read; `FileError` for a file that
    ///   cannot be written; `InferenceError` for an unknown command, and for another number of
    ///   markers than of images.
    public mutating func read(_ line: String, checking prompts: PromptBuilder) throws -> Action {
        let trimmed = line.drop { $0.isWhitespace }
        guard !trimmed.isEmpty else { return .nothing }
        guard trimmed.hasPrefix("/") else {
            let markers = line.ranges(of: ImageMarker.text).count
            guard markers == 0 || markers == pending.count else {
                throw InferenceError(
                    .invalidPrompt,
                    "the message has \(markers) \(ImageMarker.text) markers, but \(pending.count) "
                        + "images go with it; expected one image for each marker (/image FILE), "
                        + "or no markers")
            }
            messages.append(ChatMessage(.user, line, images: pending))
            pending = []
            return .question(ChatRequest(messages: messages, sampling: sampling))
        }
        let words = trimmed.split(separator: " ", maxSplits: 1)
        let argument = words.count > 1 ? String(words[1]) : ""
        switch words[0] {
        case "/help": return .note(Self.help)
        case "/exit", "/quit": return .leave
        case "/reset":
            (messages, pending) = ([], [])
            return .note("the conversation is forgotten")
        case "/image" where !argument.isEmpty:
            return .note(try attach(argument, checking: prompts))
        case "/save" where !argument.isEmpty:
            try json.write(to: argument)
            return .note("\(messages.count) messages written to \(argument)")
        default:
            throw InferenceError(
                .invalidPrompt,
                "\"\(trimmed)\": unknown or incomplete command; /help lists the commands")
        }
    }

    /// Adds an image to the next message, after checking that it can be read.
    ///
    /// - Returns: a note for the person.
    /// - Throws: `ImagingError`, `InferenceError`.
    public mutating func attach(_ path: String, checking prompts: PromptBuilder) throws -> String {
        _ = try prompts.image(of: .file(path))
        pending.append(.file(path))
        let note = "\(path) goes with the next message"
        return PictureNotes.orientation(ofFile: path).map { "\(note)\n\($0)" } ?? note
    }

    /// Keeps an answer as part of the conversation.
    public mutating func remember(_ reply: ChatReply) {
        messages.append(ChatMessage(.assistant, reply.text))
    }

    /// Forgets a question that could not be answered.
    public mutating func dropQuestion() {
        if messages.last?.role == .user { pending = messages.removeLast().images + pending }
    }

    /// The conversation as a LLaVA file with one item.
    var json: JSONValue {
        let files: [JSONValue] = messages.flatMap(\.images).map { image in
            if case .file(let path) = image { .string(path) } else { .null }
        }
        var item: JSONObject = ["id": "chat"]
        if files.count == 1 { item["image"] = files[0] }
        if files.count > 1 { item["image"] = .array(files) }
        item["conversations"] = .array(
            messages.map { message in
                let isMarked = message.text.contains(ImageMarker.text)
                let markers = String(
                    repeating: "\(ImageMarker.text)\n",
                    count: isMarked ? 0 : message.images.count)
                return [
                    "from": .string(message.role == .user ? "human" : "gpt"),
                    "value": .string(markers + message.text),
                ]
            })
        return [.object(item)]
    }
}
