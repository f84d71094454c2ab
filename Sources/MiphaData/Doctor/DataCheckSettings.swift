public import MiphaChat
import MiphaFiles

/// What a check of a data set looks at and where it draws lines.
public struct DataCheckSettings: Sendable {
    /// The length that samples should not exceed.
    public enum Limit: Sendable {
        /// Words between whitespace.
        case words(Int)
        /// Ids as training makes them, an image counting one; the encoder must not cut.
        case tokens(Int, ConversationEncoder)

        /// The number.
        public var count: Int {
            switch self {
            case .words(let count), .tokens(let count, _): count
            }
        }

        /// What is counted.
        public var unit: String {
            switch self {
            case .words: "words"
            case .tokens: "tokens"
            }
        }
    }

    /// LLaVA JSON arrays or JSON lines.
    public var files: [String]
    /// The folder that relative image paths start from; empty for the working directory.
    public var imageFolder: String
    /// Folders, zip archives or tables whose images must not be in the data.
    public var benchmarks: [String]
    /// Longest turn and sample; a text of more words than a run keeps tokens is cut for certain.
    public var limit: Limit
    /// The template whose separators should not be in turns.
    public var template: ChatFormat
    /// The least pixels of an image's shorter side.
    public var smallestSide: Int
    /// The most that an image's longer side may be of its shorter one.
    public var largestAspect: Int
    /// Places that are listed for each kind of problem; the counts are exact anyway.
    public var listLimit: Int
    /// Threads that decode images and count tokens.
    public var threads: Int

    /// Makes settings.
    public init(
        files: [String], imageFolder: String = "", benchmarks: [String] = [],
        limit: Limit = .words(2048), template: ChatFormat = .standard, smallestSide: Int = 16,
        largestAspect: Int = 10, listLimit: Int = 20, threads: Int = 1
    ) {
        self.files = files
        self.imageFolder = imageFolder
        self.benchmarks = benchmarks
        self.limit = limit
        self.template = template
        self.smallestSide = smallestSide
        self.largestAspect = largestAspect
        self.listLimit = listLimit
        self.threads = threads
    }

    /// The path of an image.
    func path(of image: String) -> String {
        FileSystem.path(image, from: imageFolder)
    }
}
