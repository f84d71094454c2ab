public import MiphaBenchmarks
import MiphaFiles

/// The parts of an evaluation that several machines answered.
public struct EvaluationMerge: Sendable {
    /// The output folders of the parts.
    public let folders: [String]
    /// What the parts were, as a whole.
    public let record: EvaluationRunRecord
    /// The answers of all parts.
    public let answers: [LoggedAnswer]

    /// Reads the parts.
    ///
    /// - Parameter folders: the output folders of one benchmark.
    /// - Throws: `EvaluationError` when a part is missing, comes from another model or other
    ///   settings, or two parts are the same one.
    public init(_ folders: [String]) throws(EvaluationError) {
        var first: EvaluationRunRecord?
        var seen: [Int: String] = [:]
        var answers: [LoggedAnswer] = []
        for folder in folders {
            let record = try EvaluationRunRecord(contentsOf: FileSystem.join(folder, "run.json"))
            if let other = seen[record.shard.index] {
                throw EvaluationError(
                    .mismatch, "\(other) and \(folder) are both part \(record.shard.index)")
            }
            seen[record.shard.index] = folder
            if let first, !first.belongs(with: record) {
                throw EvaluationError(
                    .mismatch,
                    "\(folder) does not belong to \(folders[0]): model, settings, number of parts "
                        + "or of questions differ")
            }
            first = first ?? record
            answers += try AnswerLog.answers(in: FileSystem.join(folder, "answers.jsonl"))
        }
        guard var whole = first else {
            throw EvaluationError(.invalidRequest, "expected the folders of at least one part")
        }
        let missing = (1...whole.shard.count).filter { seen[$0] == nil }
        guard missing.isEmpty else {
            let list = missing.map { "\($0)/\(whole.shard.count)" }.joined(separator: ", ")
            throw EvaluationError(.missingFile, "the parts \(list) are missing")
        }
        whole.shard = .whole
        self.folders = folders
        record = whole
        self.answers = answers
    }

    /// The settings of the whole; the benchmark's own longest answer is not a setting.
    public func settings(of card: BenchmarkCard) -> EvaluationSettings {
        EvaluationSettings(
            maxTokens: record.maxTokens == card.maxTokens ? nil : record.maxTokens,
            limit: record.limit, groupsByPicture: record.groupsByPicture)
    }
}

extension EvaluationRunRecord {
    /// Whether two parts are of one evaluation.
    func belongs(with other: EvaluationRunRecord) -> Bool {
        var same = other
        same.shard = shard
        return same == self && shard.count == other.shard.count
    }
}
