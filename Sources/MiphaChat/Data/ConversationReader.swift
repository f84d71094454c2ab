package import MiphaFiles

/// Reads LLaVA conversation files: one JSON array, or one JSON object after the other (JSON lines).
///
/// Every error names the file, the item and the key. Items are never dropped.
public struct ConversationReader: Sendable {
    /// Whether each item must start with a human turn, alternate and hold an answer.
    public var checksTurnOrder: Bool
    /// What items are read as.
    public var form: SampleForm

    /// Makes a reader.
    public init(checksTurnOrder: Bool = true, form: SampleForm = .conversations) {
        self.checksTurnOrder = checksTurnOrder
        self.form = form
    }

    /// Reads a file.
    ///
    /// - Throws: `ChatError` with code `unreadableFile`, `malformedJSON`, `malformedItem` or
    ///   `turnOrder`.
    public func read(file path: String) throws(ChatError) -> [ConversationSample] {
        let items: JSONElements
        do throws(FileError) {
            items = try JSONElements(contentsOf: path, shape: .automatic(), style: .words)
        } catch {
            throw ChatError(.unreadableFile, error.message)
        }
        return try read(items)
    }

    /// Reads the bytes of a file; `name` stands for the file in messages.
    ///
    /// - Throws: as `read(file:)`.
    public func read(bytes: [UInt8], name: String) throws(ChatError) -> [ConversationSample] {
        try read(JSONElements(bytes, file: name, shape: .automatic(), style: .words))
    }

    private func read(_ items: JSONElements) throws(ChatError) -> [ConversationSample] {
        var samples: [ConversationSample] = []
        do {
            try items.forEach { cursor in
                samples.append(try item(&cursor, samples.count))
            }
        } catch let error as ChatError {
            throw error
        } catch let error as FileError {
            throw ChatError(
                error.code == .malformedJSON ? .malformedJSON : .unreadableFile, error.message)
        } catch {
            throw ChatError(.unreadableFile, "\(items.file): \(error)")
        }
        return samples
    }

    /// Reads the item that a cursor over one value stands at.
    ///
    /// - Parameter index: the item's number, for messages.
    /// - Throws: `ChatError` for what is not a conversation, `FileError` for malformed JSON.
    package func item(
        _ cursor: inout JSONCursor, _ index: Int
    ) throws -> ConversationSample {
        var unknownKeys: [String] = []
        return try item(&cursor, index, &unknownKeys)
    }

    /// As ``item(_:_:)``; `unknownKeys` become the keys of the item that are on no list and are set.
    package func item(
        _ cursor: inout JSONCursor, _ index: Int, _ unknownKeys: inout [String]
    ) throws -> ConversationSample {
        var parser = ConversationItemParser(
            sink: FaultThrower(file: cursor.file, index: index), form: form)
        try parser.parse(&cursor)
        let sample = try parser.sample()
        unknownKeys = parser.keys.unknown
        guard checksTurnOrder else { return sample }
        do throws(ChatError) {
            try sample.checkTurnOrder()
        } catch {
            throw ChatError(error.code, "\(cursor.file): item \(index): \(error.message)")
        }
        return sample
    }
}
