import Foundation
import MiphaFiles

/// Scores predictions of one benchmark by one rule.
public struct Scoring: Sendable {
    /// What is scored.
    public let benchmark: any Benchmark
    /// By whose rule.
    public let variant: BenchmarkCard.Variant

    /// What came out.
    public struct Result {
        /// Figures, counts, notes and hashes.
        public var report: ScoreReport
        /// Items and evidence, for comparisons and reports.
        public var recorder: ScoreRecorder
    }

    /// Chooses a benchmark and a variant; nil takes the default.
    ///
    /// - Throws: `EvaluationError` listing the variants there are.
    public init(
        _ benchmark: any Benchmark, variant: String? = nil
    ) throws(EvaluationError) {
        self.benchmark = benchmark
        self.variant = try benchmark.card.variant(variant)
    }

    /// Scores.
    ///
    /// - Parameters:
    ///   - itemsFile: takes one JSON line for each answer.
    ///   - keepsItems: whether the result holds the items.
    /// - Throws: `EvaluationError` naming the file that is wrong.
    public func score(
        _ predictions: Predictions, against files: BenchmarkFiles, itemsFile: String? = nil,
        keepsItems: Bool = false, bootstrap: Bootstrap = Bootstrap()
    ) throws(EvaluationError) -> Result {
        let lines = try itemsFile.map { (path) throws(EvaluationError) in
            try LineWriter(path)
        }
        var recorder = ScoreRecorder(keepsItems: keepsItems) { (item) throws(EvaluationError) in
            try lines?.write(item.json)
        }
        recorder.leavesOutMissing = predictions.isPartial
        try benchmark.score(predictions, against: files, variant: variant, into: &recorder)
        if predictions.isPartial {
            recorder.note("only \(recorder.itemCount) of the benchmark's questions were asked")
        }
        recorder.addIntervals(bootstrap)
        try lines?.close()
        let report = ScoreReport(
            benchmark: benchmark.card.id, variant: variant.name, recorder: recorder,
            predictions: try Self.inputs(predictions.path).first,
            annotations: try annotations(files))
        return Result(report: report, recorder: recorder)
    }

    private func annotations(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [ScoreReport.Input] {
        if files.isFile { return try Self.inputs(files.path) }
        var inputs: [ScoreReport.Input] = []
        for name in benchmark.card.files.flatMap(\.names) {
            guard let source = files.optionalFile([name]),
                !inputs.contains(where: { $0.path == source.name })
            else { continue }
            inputs.append(ScoreReport.Input(path: source.name, sha256: try source.sha256()))
        }
        return inputs
    }

    /// A file, or the files of a folder as one.
    private static func inputs(_ path: String) throws(EvaluationError) -> [ScoreReport.Input] {
        do {
            guard FileSystem.kind(path) == .folder else {
                let digest = try SHA256Digest(contentsOf: path).hex
                return [ScoreReport.Input(path: path, sha256: digest)]
            }
            var listing = ""
            for name in try FileSystem.list(path).sorted()
            where FileSystem.kind(FileSystem.join(path, name)) == .file {
                let digest = try SHA256Digest(contentsOf: FileSystem.join(path, name)).hex
                listing += "\(digest)  \(name)\n"
            }
            let digest = SHA256Digest(of: Array(listing.utf8)).hex
            return [ScoreReport.Input(path: path, sha256: digest)]
        } catch {
            throw EvaluationError(error)
        }
    }
}

/// Writes JSON lines to a file that appears when it is complete.
final class LineWriter {
    private let path: String
    private let partial: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []

    init(_ path: String) throws(EvaluationError) {
        self.path = path
        partial = path + ".part"
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let handle = FileHandle(forWritingAtPath: partial)
        else {
            throw EvaluationError(.system, "\(path): the file cannot be written")
        }
        self.handle = handle
    }

    func write(_ value: JSONValue) throws(EvaluationError) {
        do {
            buffer += Array(try value.text(.compact).utf8)
        } catch {
            throw EvaluationError(error)
        }
        buffer.append(0x0A)
        if buffer.count > 1 << 16 { try flush() }
    }

    func close() throws(EvaluationError) {
        try flush()
        do {
            try handle.close()
            _ = try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: partial, toPath: path)
        } catch {
            throw EvaluationError(.system, "\(path): the file cannot be written: \(error)")
        }
    }

    private func flush() throws(EvaluationError) {
        do {
            try handle.write(contentsOf: buffer)
        } catch {
            throw EvaluationError(.system, "\(path): the file cannot be written: \(error)")
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
