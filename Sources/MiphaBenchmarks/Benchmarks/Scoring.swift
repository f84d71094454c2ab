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
    ///   - itemsFile: takes one JSON line for each answer, and is left as it was on failure.
    ///   - keepsItems: whether the result holds the items.
    /// - Throws: `EvaluationError` naming the file that is wrong, and when `itemsFile` is a file
    ///   that is read.
    public func score(
        _ predictions: Predictions, against files: BenchmarkFiles, itemsFile: String? = nil,
        keepsItems: Bool = false, bootstrap: Bootstrap = Bootstrap()
    ) throws(EvaluationError) -> Result {
        var lines: JSONLinesFile?
        if let itemsFile {
            try OutputFile.check(
                itemsFile, for: "--per-item", predictions: predictions.path, annotations: files,
                of: benchmark.card)
            lines = try EvaluationError.wrapping { () throws(FileError) in
                try JSONLinesFile(replacing: itemsFile)
            }
        }
        var recorder = try record(
            predictions, against: files, keepsItems: keepsItems, lines: lines)
        recorder.addIntervals(bootstrap)
        let report = ScoreReport(
            benchmark: benchmark.card.id, variant: variant.name, recorder: recorder,
            predictions: try InputHash.of(predictions.path), annotations: try annotations(files))
        try requireNotItself(predictions, report.predictions, report.annotations)
        try EvaluationError.wrapping { () throws(FileError) in try lines?.commit() }
        return Result(report: report, recorder: recorder)
    }

    /// Refuses a file of questions and right answers in place of predictions, unless it also holds
    /// a model's answers under a name of their own.
    func requireNotItself(
        _ predictions: Predictions, _ own: ScoreReport.Input?, _ annotations: [ScoreReport.Input]
    ) throws(EvaluationError) {
        guard predictions.watch.isUncertain, !predictions.isFolder,
            let same = annotations.first(where: { $0.sha256 == own?.sha256 })
        else { return }
        throw EvaluationError(
            .wrongFile,
            "\(predictions.path): has the same content as \(same.path), the questions and right "
                + "answers of \(benchmark.card.title); expected a model's answers")
    }

    /// What the benchmark's scorer finds, without intervals.
    ///
    /// - Parameter only: the questions that count and how often each comes; nil for all.
    func record(
        _ predictions: Predictions, against files: BenchmarkFiles, keepsItems: Bool,
        lines: JSONLinesFile? = nil, only: [ItemKey: Int]? = nil
    ) throws(EvaluationError) -> ScoreRecorder {
        var recorder = ScoreRecorder(keepsItems: keepsItems) { (item) throws(EvaluationError) in
            guard let lines else { return }
            try EvaluationError.wrapping { () throws(FileError) in try lines.write(item.json) }
        }
        recorder.leavesOutMissing = predictions.isPartial
        recorder.remaining = only
        try benchmark.score(predictions, against: files, variant: variant, into: &recorder)
        if predictions.isPartial {
            recorder.note("only \(recorder.itemCount) of the benchmark's questions were asked")
        }
        if predictions.watch.isLikeAnnotations, recorder.isPerfect {
            recorder.note(
                "every answer is letter by letter a right one and stands under \"answer\" beside "
                    + "the question: are these a model's answers, or the right ones?")
        }
        for note in predictions.fieldNotes + files.fieldNotes { recorder.note(note) }
        return recorder
    }

    /// The annotation files that are there; of the card's folders those with more than images.
    func annotations(
        _ files: BenchmarkFiles
    ) throws(EvaluationError) -> [ScoreReport.Input] {
        if files.isFile { return [try InputHash.of(files.path)] }
        var inputs: [ScoreReport.Input] = []
        for name in benchmark.card.files.flatMap(\.names) {
            guard let source = try? files.optionalFile([name]),
                !inputs.contains(where: { PythonText.equal($0.path, source.name) })
            else { continue }
            inputs.append(ScoreReport.Input(path: source.name, sha256: try source.sha256()))
        }
        for folder in files.inputs(of: benchmark.card).folders {
            let names = try EvaluationError.wrapping { () throws(FileError) in
                try InputHash.names(in: folder)
            }
            guard !names.allSatisfy(BenchmarkShelf.isImage) else { continue }
            inputs.append(try InputHash.of(folder) { !BenchmarkShelf.isImage($0) })
        }
        // An archive whose entries have none of the card's names, such as MME's texts.
        if inputs.isEmpty, files.kind == .archive { inputs.append(try InputHash.of(files.path)) }
        return inputs
    }
}
