import MiphaData

/// Where a running trainer reports what happened: the run's log, and whoever watches.
final class Recorder {
    private let log: RunLog?
    private let note: (String) -> Void
    /// Seconds that the update under way waited for its samples.
    private(set) var secondsWaited = 0.0
    /// Look-ups in the feature cache since the update before, if there is one.
    private(set) var featureCounts: FeatureStore.Counts?
    private var featuresBefore = FeatureStore.Counts()
    private var secondsBefore = 0.0
    private var badSamplesBefore = 0
    private var badInValidation: Set<Int> = []
    /// Samples with nothing to learn from that were recorded.
    private var idle: [DataPart: Set<Int>] = [:]
    /// Their names, of those that all processes have reported.
    private var idleNames: Set<String> = []
    private var idleLines = 0
    /// Lines about samples with nothing to learn from; later ones are in the log alone.
    private static let mostIdleLines = 10
    /// Incidents in a process without a log that rank 0 does not know yet.
    private var unsent: [Incident] = []

    init(log: RunLog?, note: @escaping (String) -> Void) {
        self.log = log
        self.note = note
    }

    /// Reports something that needs no record of its own.
    func say(_ text: String) { note(text) }

    /// Records an incident and reports it.
    func record(_ incident: Incident) {
        let isIdle = incident.kind == .nothingToLearn
        // Another process may have had them in another epoch.
        if isIdle, incident.samples.allSatisfy(idleNames.contains) { return }
        log?.incident(incident)
        if isIdle {
            idleNames.formUnion(incident.samples)
            idleLines += 1
            if idleLines == Self.mostIdleLines + 1 {
                note(
                    "further samples with nothing to learn from are recorded in incidents.jsonl only"
                )
            }
            guard idleLines <= Self.mostIdleLines else { return }
        }
        let rank = incident.rank.map { "rank \($0): " } ?? ""
        note("warning: update \(incident.step): \(rank)\(incident.message)")
    }

    /// Records what a loader had to leave out or change for an update, and how long it made it
    /// wait.
    ///
    /// To be called once an update; reports what came since the last call.
    func take(_ loader: BatchLoader, step: Int) {
        secondsWaited = loader.secondsWaited - secondsBefore
        secondsBefore += secondsWaited
        let bad = loader.badSamples
        for sample in bad.dropFirst(badSamplesBefore) { record(sample, step: step) }
        badSamplesBefore = bad.count
    }

    /// Records bad samples of the validation data, each once.
    func take(_ samples: [BadSample], ofValidationAfter step: Int) {
        for sample in samples where badInValidation.insert(sample.sample).inserted {
            record(sample, step: step)
        }
    }

    private func record(_ sample: BadSample, step: Int) {
        recordOrSend(
            Incident(
                .badSample, step: step, samples: [sample.id ?? sample.place],
                message: "\(sample.place): \(sample.action.rawValue): "
                    + sample.reasons.joined(separator: "; ")))
    }

    /// Records what became of look-ups in the feature cache; to be called once an update.
    func take(_ features: FeatureStore?, step: Int) {
        guard let features, features.folder != nil else { return }
        featureCounts = features.counts - featuresBefore
        featuresBefore = features.counts
        if let failure = features.takeFailure() {
            recordOrSend(Incident(.featureCacheFailed, step: step, message: failure))
        }
    }

    /// The samples among some with nothing to learn from that this start has not yet reported.
    func untold(_ numbers: [Int], of part: DataPart) -> [Int] {
        numbers.filter { idle[part, default: []].insert($0).inserted }
    }

    /// Records an incident here, or hands it to rank 0 later.
    func recordOrSend(_ incident: Incident) {
        if log == nil { unsent.append(incident) } else { record(incident) }
    }

    /// Takes the incidents that rank 0 does not know yet.
    func takeUnsent() -> [Incident] {
        defer { unsent = [] }
        return unsent
    }
}
