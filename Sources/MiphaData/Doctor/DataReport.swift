/// What a check of a data set found.
public struct DataReport: Sendable, Equatable {
    /// A conversation file.
    public struct File: Sendable, Equatable {
        /// The path.
        public let path: String
        /// The number of its items.
        public let samples: Int
    }

    /// A benchmark whose images must not be in the data.
    public struct Benchmark: Sendable, Equatable {
        /// The path.
        public let path: String
        /// The number of images there.
        public let pictures: Int
        /// How many of them could not be decoded, and so are not looked for.
        public let unreadable: Int
    }

    /// Where a problem is.
    public struct Place: Sendable, Equatable {
        /// The conversation file.
        public let file: String
        /// The item in it, from 0; for an image the first that names it.
        public let item: Int
        /// The item's identifier, where it is known.
        public let id: String?
        /// The image's path as the item gives it.
        public let picture: String?
        /// What was found.
        public let detail: String
    }

    /// All problems of one kind.
    public struct Problem: Sendable, Equatable {
        /// The kind.
        public let kind: DataProblem
        /// How many there are, in samples or images.
        public let count: Int
        /// How many samples are affected.
        public let samples: Int
        /// For repetitions, how many different things are repeated.
        public let groups: Int?
        /// The earliest places.
        public let places: [Place]
    }

    /// The conversation files in order.
    public let files: [File]
    /// The number of samples that name no image.
    public let textOnly: Int
    /// The number of different images.
    public let pictures: Int
    /// How often samples name an image.
    public let references: Int
    /// The keys of `unknown-key` with the number of samples that set each.
    public let unknownKeys: KeyTally
    /// The benchmarks in order.
    public let benchmarks: [Benchmark]
    /// The length limit and its unit.
    public let limit: (count: Int, unit: String)
    /// Every kind of problem, also those that were not found.
    public let problems: [Problem]

    /// The number of samples.
    public var samples: Int { files.reduce(0) { $0 + $1.samples } }
    /// The number of problems of severity error.
    public var errors: Int { total(.error) }
    /// The number of problems of severity warning.
    public var warnings: Int { total(.warning) }

    /// The problems of a kind.
    public subscript(kind: DataProblem) -> Problem? { problems.first { $0.kind == kind } }

    private func total(_ severity: DataProblem.Severity) -> Int {
        problems.reduce(0) { $0 + ($1.kind.severity == severity ? $1.count : 0) }
    }

    /// Compares all members.
    public static func == (left: Self, right: Self) -> Bool {
        left.files == right.files && left.textOnly == right.textOnly
            && left.pictures == right.pictures && left.references == right.references
            && left.unknownKeys == right.unknownKeys
            && left.benchmarks == right.benchmarks && left.limit == right.limit
            && left.problems == right.problems
    }
}
