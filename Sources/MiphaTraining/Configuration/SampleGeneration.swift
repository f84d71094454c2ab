/// The questions that a run asks its model now and then, to show what it has learned.
///
/// Answers are greedy and draw nothing from the run's generators; the result of the training is the
/// same with and without them.
public struct SampleGeneration: Sendable, Equatable {
    /// One question.
    public struct Prompt: Sendable, Equatable {
        /// The question.
        public var text: String
        /// Images, relative to the run's image folder.
        public var images: [String]

        /// Creates a question.
        public init(_ text: String, images: [String] = []) {
            self.text = text
            self.images = images
        }
    }

    /// Updates between two rounds of questions, of which the last update always has one; 0 asks
    /// none.
    public var steps = 0
    /// The questions.
    public var prompts: [Prompt] = []
    /// Most tokens of an answer.
    public var maximumTokens = 64

    /// Creates settings that ask nothing.
    public init() {}

    /// Refuses settings that exclude each other.
    func validate() throws(TrainingError) {
        guard (steps > 0) != prompts.isEmpty else {
            throw TrainingError(
                .invalidRun,
                "sample_steps and sample_prompts: expected both or neither, found \(steps) updates "
                    + "and \(prompts.count) prompts")
        }
    }

    /// Whether questions are asked after an update.
    func isDue(step: Int, of total: Int) -> Bool {
        steps > 0 && (step.isMultiple(of: steps) || step == total)
    }
}
