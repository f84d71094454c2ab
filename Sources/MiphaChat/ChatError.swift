/// What went wrong while reading, rendering or encoding a conversation.
public struct ChatError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, for callers that react to it.
    public enum Code: Sendable, Hashable {
        /// The file could not be read.
        case unreadableFile
        /// The bytes are not JSON, or not UTF-8.
        case malformedJSON
        /// The JSON is well formed but not a LLaVA conversation item.
        case malformedItem
        /// The turns do not start with the human and alternate.
        case turnOrder
        /// The number of `<image>` markers does not fit the number of images.
        case imageMarkers
        /// A name, or the template of a folder, is not in the catalogue of formats.
        case unknownTemplate
        /// The template cannot express the conversation or does not fit the tokenizer.
        case unsuitableTemplate
        /// A sampling option or another argument is out of range.
        case invalidOption
    }

    /// The kind of failure.
    public let code: Code
    /// What, where, expected, found and what to do, in one line.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
