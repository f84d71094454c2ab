import MiphaChat
import MiphaData

/// What a run tells of samples without a single supervised position.
///
/// The loss never sees them, whatever their policy: their answers are cut off, or masked.
extension Trainer {
    /// Places that an incident tells in words.
    private static var listedPlaces: Int { 3 }

    /// Records the samples of a micro-batch that have nothing to learn from, each once a start.
    func record(
        idleOf batch: SampleLoader.MicroBatch, of part: DataPart, step: Int, _ recorder: Recorder
    ) {
        let idle = zip(batch.indices, batch.samples).filter { [$1].supervisedCount == 0 }
        let numbers = recorder.untold(idle.map(\.0), of: part)
        guard !numbers.isEmpty, let data = part == .training ? data : validation else { return }
        let places = numbers.prefix(Self.listedPlaces).map { number in
            "\(data.source.place(of: number)): \(reason(number, data))"
        }
        let more = numbers.count - places.count
        recorder.recordOrSend(
            Incident(
                .nothingToLearn, step: step, samples: numbers.map(data.name),
                message: "nothing to learn from \(places.joined(separator: "; "))"
                    + (more > 0 ? "; and \(more) more" : "")))
    }

    /// Why nothing of a sample is supervised.
    private func reason(_ number: Int, _ data: TrainingDataSet) -> String {
        let rows = (try? data.rows(number)) ?? []
        if case .masked(let counted, let expected) = rows.first?.referenceOutcome {
            return "masked by label_policy: reference, which counts \(counted) of \(expected) ids"
        }
        let cut = rows.reduce(0) { $0 + $1.truncatedCount }
        return cut > 0
            ? "model_max_length: \(run.maximumLength) cuts the last \(cut) ids off"
            : "no token of an answer"
    }

    /// Tells how many samples taught nothing.
    func tellIdleSamples(_ recorder: Recorder) {
        let (idle, asked) = (state.usability.idle, state.usability.asked)
        guard idle > 0 else { return }
        recorder.say(
            "warning: \(idle) of \(asked) samples of this run had nothing to learn from; "
                + "incidents.jsonl names each of them")
    }
}
