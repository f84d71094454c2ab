import MiphaChat
import MiphaData

/// Reports samples without a single supervised position.
///
/// The loss never sees them, whatever their policy: their answers are cut off, or masked.
struct IdleSamples {
    let batches: RunBatches
    /// Most text ids of a sample.
    let maximumLength: Int
    let recorder: Recorder

    /// Places that an incident names in words.
    private static var listedPlaces: Int { 3 }

    /// Records the samples of a micro-batch that have nothing to learn from, each once a start.
    func record(_ batch: SampleLoader.MicroBatch, of part: DataPart, step: Int) {
        let idle = zip(batch.indices, batch.samples).filter { [$1].supervisedCount == 0 }
        let numbers = recorder.untold(idle.map(\.0), of: part)
        guard !numbers.isEmpty, let data = batches[part] else { return }
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
            ? "model_max_length: \(maximumLength) cuts the last \(cut) ids off"
            : "no token of an answer"
    }
}
