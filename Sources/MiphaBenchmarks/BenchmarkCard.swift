/// What people need to know about a benchmark before they use it.
public struct BenchmarkCard: Sendable {
    /// A way to score that some public tool uses.
    public struct Variant: Sendable, Hashable {
        /// The name on the command line.
        public let name: String
        /// One line: whose rule it is and how it differs.
        public let summary: String

        /// Makes a variant.
        public init(_ name: String, _ summary: String) {
            self.name = name
            self.summary = summary
        }
    }

    /// A file or folder that the authors publish.
    public struct File: Sendable, Hashable {
        /// Relative names that are looked for, the authors' own first.
        public let names: [String]
        /// What it holds.
        public let content: String
        /// Where it comes from.
        public let origin: String

        /// Makes an entry.
        public init(_ names: [String], content: String, origin: String) {
            self.names = names
            self.content = content
            self.origin = origin
        }

        /// A file of LLaVA's bundle for evaluation.
        static func llava(_ names: [String], content: String) -> File {
            File(
                names, content: content,
                origin: "eval.zip of https://github.com/haotian-liu/LLaVA")
        }
    }

    /// The name on the command line, lower case: `textvqa`.
    public let id: String
    /// The name in tables: `TextVQA`.
    public let title: String
    /// The split that is asked: `val`, `testdev_balanced`.
    public let split: String
    /// The ways to score; the first is the default.
    public let variants: [Variant]
    /// The files that asking and scoring need.
    public let files: [File]
    /// The licence of the data.
    public let licence: String
    /// The longest answer, in tokens, of LLaVA's script for it.
    public let maxTokens: Int
    /// Other names of its folder, such as those of LLaVA's eval bundle.
    public let folders: [String]
    /// Columns of the published tables this benchmark fills: figure name to column (`MME-P`).
    public let columns: [(figure: String, column: String)]

    /// Makes a card.
    public init(
        id: String, title: String, split: String, variants: [Variant], files: [File],
        licence: String, maxTokens: Int = 128, folders: [String] = [],
        columns: [(figure: String, column: String)] = []
    ) {
        self.id = id
        self.title = title
        self.split = split
        self.variants = variants
        self.files = files
        self.licence = licence
        self.maxTokens = maxTokens
        self.folders = folders
        self.columns = columns
    }

    /// Finds a variant; nil gives the default.
    ///
    /// - Throws: `EvaluationError` listing the variants there are.
    public func variant(_ name: String?) throws(EvaluationError) -> Variant {
        guard let name else { return variants[0] }
        if let found = variants.first(where: { $0.name == name }) { return found }
        let known = variants.map(\.name).joined(separator: ", ")
        throw EvaluationError(
            .invalidRequest, "\(id): unknown variant \"\(name)\"; expected one of \(known)")
    }
}
