import MiphaData
import MiphaFiles
public import MiphaModels
import MiphaTorch

extension Trainer {
    /// What answers the questions of ``RunConfiguration/sampling`` with the model as it is: one answer
    /// for each, in their order.
    public typealias Answering = (MiphaModel) throws -> [String]

    /// Asks the questions that are due after the updates done; rank 0 asks, with all weights.
    ///
    /// A failure is told and ends nothing.
    func takeSamples(_ answers: Answering?, _ log: RunLog?, _ recorder: Recorder) throws {
        guard run.sampling.isDue(step: state.step, of: plan.totalSteps) else { return }
        try parallel?.gatherWeights()
        if let answers, let log {
            do {
                try record(answers(model), log, recorder)
            } catch {
                recorder.say("warning: update \(state.step): no sample answers: \(error)")
            }
        }
        try parallel?.releaseWeights()
    }

    private func record(_ answers: [String], _ log: RunLog, _ recorder: Recorder) {
        for (number, (prompt, answer)) in zip(run.sampling.prompts, answers).enumerated() {
            var line: JSONObject = [
                "step": .integer(state.step), "number": .integer(number + 1),
                "prompt": .string(prompt.text), "answer": .string(answer),
            ]
            if !prompt.images.isEmpty {
                line["image"] = .array(prompt.images.map { .string($0) })
            }
            log.sample(line)
            log.text(
                TensorBoardEvent.Text("samples/\(number + 1)", "\(prompt.text)\n\n\(answer)"),
                step: state.step)
            recorder.say("update \(state.step): sample \(number + 1): \(Self.short(answer))")
        }
    }

    /// One line of at most some 100 characters.
    private static func short(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 100 ? line.prefix(100) + "…" : line
    }

    /// Refuses questions that nobody would answer.
    func requireAnswers(_ answers: Answering?) throws(TrainingError) {
        guard run.sampling.steps > 0, answers == nil, parallel?.group.rank ?? 0 == 0 else { return }
        throw TrainingError(
            .invalidRun, "sample_steps: this program has nothing that answers sample_prompts")
    }
}
