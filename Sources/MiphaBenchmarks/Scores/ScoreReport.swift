/// The scores of one benchmark, as they are written beside the predictions.
///
/// Holds what people compare later: every figure in full precision, the variant, how the answers
/// were understood and which files the scores were made from.
public struct ScoreReport: Sendable {
    /// A file that scores were made from.
    public struct Input: Sendable, Hashable {
        /// Where it was.
        public var path: String
        /// SHA-256 of its bytes, 64 hexadecimal digits.
        public var sha256: String

        /// Names a file.
        public init(path: String, sha256: String) {
            self.path = path
            self.sha256 = sha256
        }
    }

    /// Number of questions by what became of their answers.
    public struct Counts: Sendable, Hashable {
        /// All questions.
        public var questions: Int
        /// Understood answers.
        public var scored: Int
        /// Answers that do not say what was asked for.
        public var unparsed: Int
        /// Answers that can be read in several ways.
        public var ambiguous: Int
        /// Questions without an answer.
        public var missing: Int

        /// Makes counts.
        public init(questions: Int, scored: Int, unparsed: Int, ambiguous: Int, missing: Int) {
            self.questions = questions
            self.scored = scored
            self.unparsed = unparsed
            self.ambiguous = ambiguous
            self.missing = missing
        }
    }

    /// What the run that made the answers cost.
    public struct Speed: Sendable, Hashable {
        /// Answered questions in a second.
        public var questionsPerSecond: Double
        /// How often the vision tower ran.
        public var towerCalls: Int
        /// Number of different images.
        public var pictures: Int

        /// Makes a speed.
        public init(questionsPerSecond: Double, towerCalls: Int, pictures: Int) {
            self.questionsPerSecond = questionsPerSecond
            self.towerCalls = towerCalls
            self.pictures = pictures
        }
    }

    /// The benchmark's id.
    public var benchmark: String
    /// The name of the variant.
    public var variant: String
    /// The figures, the headline first.
    public var figures: [Figure]
    /// How the answers were understood.
    public var counts: Counts
    /// Answers that were not understood, at most ``ScoreRecorder/unresolvedLimit``.
    public var unresolved: [ScoredItem]
    /// Remarks for people.
    public var notes: [String]
    /// The answers.
    public var predictions: Input?
    /// The benchmark's files.
    public var annotations: [Input]
    /// What the run cost, when it is known.
    public var speed: Speed?

    /// Makes a report from its parts.
    public init(
        benchmark: String, variant: String, figures: [Figure], counts: Counts,
        unresolved: [ScoredItem] = [], notes: [String] = [], predictions: Input? = nil,
        annotations: [Input] = [], speed: Speed? = nil
    ) {
        self.benchmark = benchmark
        self.variant = variant
        self.figures = figures
        self.counts = counts
        self.unresolved = unresolved
        self.notes = notes
        self.predictions = predictions
        self.annotations = annotations
        self.speed = speed
    }

    /// Takes what a scorer recorded.
    public init(
        benchmark: String, variant: String, recorder: ScoreRecorder, predictions: Input? = nil,
        annotations: [Input] = [], speed: Speed? = nil
    ) {
        func count(_ status: ScoredItem.Status) -> Int { recorder.counts[status] ?? 0 }
        self.init(
            benchmark: benchmark, variant: variant, figures: recorder.figures,
            counts: Counts(
                questions: recorder.itemCount, scored: count(.scored),
                unparsed: count(.unparsed), ambiguous: count(.ambiguous),
                missing: count(.missing)),
            unresolved: recorder.unresolved, notes: recorder.notes, predictions: predictions,
            annotations: annotations, speed: speed)
    }

    /// The figure that stands for the benchmark.
    public var headline: Figure? { figures.first }

    /// Finds a figure by its label, by the name of one over everything, or by its part.
    public func figure(_ name: String) -> Figure? {
        figures.first { $0.label == name }
            ?? figures.first { $0.name == name && $0.part == nil }
            ?? figures.first { $0.part == name }
    }
}
