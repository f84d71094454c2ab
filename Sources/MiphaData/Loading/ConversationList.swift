public import MiphaChat

/// Conversations that are read whole into memory.
public struct ConversationList: SampleSource {
    /// The conversations of all files, in order.
    public let conversations: [ConversationSample]
    private let fileSizes: [(file: String, count: Int)]
    private let imageFolder: String

    /// Reads conversation files.
    ///
    /// - Parameters:
    ///   - files: LLaVA JSON arrays or JSON lines.
    ///   - imageFolder: the folder that relative picture paths start from; empty for the working
    ///     directory.
    /// - Throws: `ChatError` naming file, item and key.
    public init(files: [String], imageFolder: String) throws {
        let reader = ConversationReader()
        let parts = try files.map { (file: $0, samples: try reader.read(file: $0)) }
        conversations = parts.flatMap(\.samples)
        fileSizes = parts.map { ($0.file, $0.samples.count) }
        self.imageFolder = imageFolder
    }

    /// The number of samples.
    public var count: Int { conversations.count }

    /// A sample.
    public func sample(_ number: Int) -> ConversationSample { conversations[number] }

    /// File and item of a sample.
    public func place(of number: Int) -> String {
        var item = number
        for (file, count) in fileSizes {
            if item < count { return "\(file): item \(item)" }
            item -= count
        }
        return "item \(number)"
    }

    /// The path of a sample's picture.
    public func imagePath(_ image: String, of number: Int) -> String {
        imageFolder.isEmpty || image.hasPrefix("/") ? image : "\(imageFolder)/\(image)"
    }
}
