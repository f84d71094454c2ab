public import MiphaChat
import MiphaFiles
public import MiphaFolders
import MiphaTokenizers

/// Text and ids line by line, for comparison with other tokenizers.
public struct LineTokenizer: Sendable {
    private let tokenizer: Tokenizer
    /// Why conversations cannot be encoded is said when one comes.
    private let encoder: Result<ConversationEncoder, any Error>
    private let addsSpecialTokens: Bool

    /// Reads the tokenizer of a model folder.
    ///
    /// - Parameters:
    ///   - addsSpecialTokens: whether ids of a text start with the beginning-of-text token
    ///   where the model expects one.
    ///   - template: the strings around turns; `nil`: the folder's own.
    public init(
        _ folder: ModelFolder, addsSpecialTokens: Bool, template: ChatFormat? = nil
    ) throws {
        let tokenizer = try folder.tokenizer()
        self.tokenizer = tokenizer
        encoder = Result {
            try ConversationEncoder(
                tokenizer: tokenizer, template: template ?? folder.template(),
                options: EncodingOptions(markers: .assumed, maximumLength: nil))
        }
        self.addsSpecialTokens = addsSpecialTokens
    }

    /// The ids of a text as a JSON array.
    public func ids(_ line: String) -> String {
        var ids = tokenizer.encode(line)
        if addsSpecialTokens, tokenizer.addsBeginningOfText,
            let first = tokenizer.beginningOfTextID
        {
            ids.insert(first, at: 0)
        }
        return Self.array(ids)
    }

    /// Ids and labels of a conversation in LLaVA form as a JSON object.
    ///
    /// - Throws: `ChatError` naming the line.
    public func conversation(_ line: String, number: Int) throws -> String {
        let name = "standard input, line \(number)"
        let samples = try ConversationReader(checksTurnOrder: false)
            .read(bytes: Array(line.utf8), name: name)
        guard samples.count == 1 else {
            throw ChatError(
                .malformedItem, "\(name): expected one conversation, found \(samples.count)")
        }
        let encoded = try encoder.get().encode(samples[0])
        return "{\"ids\":\(Self.array(encoded.ids)),\"labels\":\(Self.array(encoded.labels))}"
    }

    /// The text of a JSON array of ids as a JSON string.
    ///
    /// - Throws: `FileError` or `InferenceError` naming line and place.
    public func text(_ line: String, number: Int) throws -> String {
        let name = "standard input, line \(number)"
        let value = try JSONValue(parsing: line, file: name)
        let ids = try IDList.ids(value, file: name)
        for (place, id) in ids.enumerated() where tokenizer.token(of: id) == nil {
            throw InferenceError(
                .invalidPrompt,
                "\(name): ids[\(place)]: expected an id of the tokenizer's \(tokenizer.count), "
                    + "found \(id)")
        }
        return try JSONValue.string(tokenizer.decode(ids)).text(.compact)
    }

    private static func array(_ ids: [Int]) -> String {
        "[" + ids.map(String.init).joined(separator: ",") + "]"
    }
}

/// Token ids in JSON.
public enum IDList {
    /// Reads a file that holds an array of ids, or an object with the array under `ids`.
    ///
    /// - Throws: `FileError` for text that is not JSON; `InferenceError` for other content.
    public static func read(_ path: String) throws -> [Int] {
        try ids(JSONValue(contentsOf: path), file: path)
    }

    static func ids(_ value: JSONValue, file: String) throws(InferenceError) -> [Int] {
        guard let elements = (value["ids"] ?? value).arrayValue else {
            throw InferenceError(
                .invalidPrompt,
                "\(file): expected a JSON array of ids, or an object with one under \"ids\"")
        }
        var ids: [Int] = []
        for (place, element) in elements.enumerated() {
            guard let id = element.integerValue else {
                throw InferenceError(
                    .invalidPrompt, "\(file): ids[\(place)]: expected an integer")
            }
            ids.append(id)
        }
        return ids
    }
}
