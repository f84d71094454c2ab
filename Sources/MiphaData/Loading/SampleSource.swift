public import MiphaChat

/// Numbered conversations that any number of threads may read at once.
public protocol SampleSource: Sendable {
    /// The number of samples.
    var count: Int { get }

    /// Reads a sample.
    ///
    /// - Parameter number: of the sample, below ``count``.
    /// - Throws: an error that names file and item when it is not a conversation to learn from.
    func sample(_ number: Int) throws -> ConversationSample

    /// The number of words of all turns and answers, known without reading.
    func wordCount(_ number: Int) -> Int

    /// The number of images, known without reading.
    func pictureCount(_ number: Int) -> Int

    /// File and item of a sample, for messages.
    func place(of number: Int) -> String

    /// The path of a sample's image.
    ///
    /// - Parameter image: the path as the sample gives it.
    func imagePath(_ image: String, of number: Int) -> String
}
