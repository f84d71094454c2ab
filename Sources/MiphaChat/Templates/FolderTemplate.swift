import MiphaFiles

/// The chat template that a model folder carries, in transformers' language.
///
/// That language is not run here: a template is known when it is that of a ``ChatFormat``, in any
/// spelling that renders the same.
public struct FolderTemplate: Sendable {
    /// File and key, for messages.
    public let place: String
    /// The format, when the template is one of those that are known.
    public let known: ChatFormat?
    /// Whether the text is that of the format's own ``ChatFormat/jinja``, as this program writes it.
    package let isWrittenHere: Bool

    /// Reads a folder; `chat_template.jinja` goes before `chat_template.json`,
    /// `processor_config.json` and `tokenizer_config.json`, as in transformers.
    ///
    /// - Returns: `nil` when it carries none.
    /// - Throws: `ChatError` for a file that cannot be read.
    public init?(folder: String) throws(ChatError) {
        guard let (place, text) = try Self.text(in: folder) else { return nil }
        self.place = place
        known = ChatFormat.known(jinja: text)
        isWrittenHere = known?.jinja == text
    }

    /// The format that a folder says: by its template or, where it carries none, by its family.
    ///
    /// - Parameter family: name of the format of the language model's family.
    /// - Returns: `nil` for a template that is not known.
    /// - Throws: `ChatError` for a file that cannot be read.
    package static func format(
        of folder: String, family: String
    ) throws(ChatError) -> ChatFormat? {
        if let own = try FolderTemplate(folder: folder) { return own.known }
        return try .named(family)
    }

    /// The format of the template.
    ///
    /// - Throws: `ChatError` with code `unknownTemplate` for a template that is not known: any other
    ///   format would be a guess.
    public func format() throws(ChatError) -> ChatFormat {
        if let known { return known }
        throw ChatError(
            .unknownTemplate,
            "\(place): expected the template of one of the formats \(Self.formats), found another, "
                + "which cannot be run here; choose a format with --template or with template of a "
                + "run file (\(ChatFormat.names.joined(separator: ", ")))")
    }

    private static var formats: String {
        ChatFormat.all.filter { $0.jinja != nil }.map(\.name).joined(separator: ", ")
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
}
