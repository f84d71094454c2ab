/// A conversation file, where its images are, and how often an epoch shows it.
public struct ConversationSource: Sendable, Hashable {
    /// A LLaVA JSON array or JSON lines.
    public var file: String
    /// The folder that relative image paths start from; empty for the working directory.
    public var imageFolder: String
    /// How often an epoch shows each sample; see ``Mixture``.
    public var weight: Double

    /// Names a file.
    ///
    /// - Parameters:
    ///   - file: a LLaVA JSON array or JSON lines.
    ///   - imageFolder: the folder that relative image paths start from.
    ///   - weight: how often an epoch shows each sample.
    public init(file: String, imageFolder: String = "", weight: Double = 1) {
        self.file = file
        self.imageFolder = imageFolder
        self.weight = weight
    }
}
