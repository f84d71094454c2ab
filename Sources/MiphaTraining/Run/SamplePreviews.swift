import MiphaFiles
public import MiphaModels

/// A function that answers the questions of ``RunConfiguration/sampling`` with the current model:
/// one answer for each, in their order.
public typealias SampleAnswering = (MiphaModel) throws -> [String]

/// Asks the model a run's questions now and then, and records its answers.
struct SamplePreviews {
    private let settings: SampleGeneration
    private let learner: Learner
    private let records: RunRecords
    private let totalSteps: Int
    private let answers: SampleAnswering?

    /// - Parameter answers: answers the questions; of several processes only rank 0 needs it.
    init(
        _ settings: SampleGeneration, _ learner: Learner, _ records: RunRecords, totalSteps: Int,
        _ answers: SampleAnswering?
    ) {
        (self.settings, self.learner, self.records) = (settings, learner, records)
        (self.totalSteps, self.answers) = (totalSteps, answers)
    }

    /// Refuses questions that nobody would answer.
    static func require(
        _ answers: SampleAnswering?, for settings: SampleGeneration
    ) throws(TrainingError) {
        guard settings.steps > 0, answers == nil else { return }
        throw TrainingError(
            .invalidRun, "sample_steps: this program has nothing that answers sample_prompts")
    }

    /// Asks the questions that are due after the updates done; rank 0 asks, with all weights.
    ///
    /// A failure is logged and does not stop the run.
    func take(after step: Int) throws {
        guard settings.isDue(step: step, of: totalSteps) else { return }
        try learner.parallel?.gatherWeights()
        if let answers, let log = records.log {
            do {
                try record(answers(learner.model), after: step, log)
            } catch {
                records.recorder.say("warning: update \(step): no sample answers: \(error)")
            }
        }
        try learner.parallel?.releaseWeights()
    }

    private func record(_ answers: [String], after step: Int, _ log: RunLog) {
        for (number, (prompt, answer)) in zip(settings.prompts, answers).enumerated() {
            var line: JSONObject = [
                "step": .integer(step), "number": .integer(number + 1),
                "prompt": .string(prompt.text), "answer": .string(answer),
            ]
            if !prompt.images.isEmpty {
                line["image"] = .array(prompt.images.map { .string($0) })
            }
            log.sample(line)
            log.text(
                TensorBoardEvent.Text("samples/\(number + 1)", "\(prompt.text)\n\n\(answer)"),
                step: step)
            records.recorder.say("update \(step): sample \(number + 1): \(Self.short(answer))")
        }
    }

    /// One line of at most some 100 characters.
    private static func short(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 100 ? line.prefix(100) + "…" : line
    }
}
