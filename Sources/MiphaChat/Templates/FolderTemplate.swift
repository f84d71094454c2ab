import MiphaFiles

/// The chat template that a model folder carries, in transformers' language.
///
/// That language is not run here: a template is known when its text is that of
/// ``ChatTemplate/jinja``.
public struct FolderTemplate: Sendable {
    /// File and key, for messages.
    public let place: String
    /// The template, when its text is known.
    public let template: ChatTemplate?

    /// Reads a folder; `chat_template.jinja` goes before `chat_template.json`,
    /// `processor_config.json` and `tokenizer_config.json`, as in transformers.
    ///
    /// - Returns: `nil` when it carries none.
    /// - Throws: `ChatError` for a file that cannot be read.
    public init?(folder: String) throws(ChatError) {
        guard let (place, text) = try Self.text(in: folder) else { return nil }
        self.place = place
        template = ChatTemplate.known.first { template in
            template.jinja.map { Self.trimmed($0) == Self.trimmed(text) } ?? false
        }
    }

    /// The note when another template is used in place of one that is not known.
    ///
    /// - Parameters:
    ///   - used: the template that is used.
    ///   - option: how another one is chosen.
    package func note(using used: ChatTemplate, option: String) -> String? {
        guard template == nil else { return nil }
        return "warning: \(place): the folder's own chat template is not known and cannot be run "
            + "here; prompts are written as \"\(used.name)\" and may differ from transformers'; "
            + "choose with \(option): \(ChatTemplate.names.joined(separator: ", "))"
    }

    /// The names of the files of their own that templates stand in.
    package static let files = ["chat_template.jinja", "chat_template.json"]

    private static func text(in folder: String) throws(ChatError) -> (place: String, text: String)?
    {
        let jinja = FileSystem.join(folder, files[0])
        if FileSystem.kind(jinja) != nil {
            let bytes = try reading { () throws(FileError) in
                try FileSystem.read(jinja, limit: largestFile)
            }
            return (jinja, UTF8Text.string(bytes))
        }
        for name in [files[1], "processor_config.json", "tokenizer_config.json"] {
            let path = FileSystem.join(folder, name)
            guard FileSystem.kind(path) != nil else { continue }
            let bytes = try reading { () throws(FileError) in
                try FileSystem.read(path, limit: largestFile)
            }
            let value = try reading { () throws(FileError) in
                try JSONValue(parsingForeign: bytes, file: path)
            }
            guard let entry = value["chat_template"], !entry.isNull else { continue }
            let place = "\(path): chat_template"
            if let text = entry.stringValue { return (place, text) }
            guard let text = defaultText(entry) else {
                throw ChatError(
                    .unknownTemplate,
                    "\(place): expected a text, or a list of {\"name\", \"template\"} with the name "
                        + "\"default\", found \(entry.summary)")
            }
            return (place, text)
        }
        return nil
    }

    /// The template named `default` of a list, or of an object of templates by name.
    private static func defaultText(_ entry: JSONValue) -> String? {
        if let text = entry["default"]?.stringValue { return text }
        return entry.arrayValue?.first { $0["name"]?.stringValue == "default" }?["template"]?
            .stringValue
    }

    private static let largestFile = 64 << 20

    private static func reading<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(ChatError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw ChatError(.unreadableFile, error.message)
        }
    }

    private static func trimmed(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        while let last = bytes.last, [0x0A, 0x0D, 0x20].contains(last) { bytes.removeLast() }
        return bytes.filter { $0 != 0x0D }
    }
}
