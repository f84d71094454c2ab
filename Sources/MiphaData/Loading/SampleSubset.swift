public import MiphaChat

/// Some samples of a source, under new numbers.
public struct SampleSubset: SampleSource {
    private let source: any SampleSource
    private let numbers: [Int]

    /// Chooses samples.
    ///
    /// - Parameter numbers: of samples of the source, in the order of the new ones.
    public init(_ source: any SampleSource, numbers: [Int]) {
        self.source = source
        self.numbers = numbers
    }

    /// The number of samples.
    public var count: Int { numbers.count }

    /// Reads a sample.
    public func sample(_ number: Int) throws -> ConversationSample {
        try source.sample(numbers[number])
    }

    /// The number of words of all turns and answers.
    public func wordCount(_ number: Int) -> Int { source.wordCount(numbers[number]) }

    /// The number of images.
    public func pictureCount(_ number: Int) -> Int { source.pictureCount(numbers[number]) }

    /// File and item of a sample, as the source reports them.
    public func place(of number: Int) -> String { source.place(of: numbers[number]) }

    /// The path of a sample's image.
    public func imagePath(_ image: String, of number: Int) -> String {
        source.imagePath(image, of: numbers[number])
    }
}
