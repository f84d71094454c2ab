extension Scoring {
    /// Scores two sets of answers to the same questions and compares them.
    ///
    /// When either side is partial (``Predictions/isPartial``), the questions that both answered
    /// are compared and the others left out on both sides. The values of the figures are then
    /// those of the evidence, without the official scorer's rounding, and figures that are not
    /// function of it are left out; with nothing left out they are the scorer's own.
    ///
    /// - Throws: `EvaluationError` naming the file that is wrong, and when no question has an
    ///   answer on both sides.
    public func compare(
        _ first: Predictions, _ second: Predictions, against files: BenchmarkFiles
    ) throws(EvaluationError) -> PairedComparison {
        let isPartial = first.isPartial || second.isPartial
        let left = try record(first, against: files, keepsItems: true)
        let right = try record(second, against: files, keepsItems: true)
        let inputs = try annotations(files)
        for side in [first, second] {
            try requireNotItself(side, InputHash.of(side.path), inputs)
        }
        guard isPartial else { return try PairedComparison(left, right) }
        let counts = (ItemKey.counts(left.items), ItemKey.counts(right.items))
        guard counts.0 != counts.1 else { return try PairedComparison(left, right) }
        let shared = counts.0.merging(counts.1) { min($0, $1) }
            .filter { counts.0[$0.key] != nil && counts.1[$0.key] != nil }
        guard !shared.isEmpty else {
            throw EvaluationError(
                .mismatch,
                "\(first.path) and \(second.path): no question of \(benchmark.card.title) has an "
                    + "answer on both sides (\(left.items.count) and \(right.items.count) answers)")
        }
        return try PairedComparison(
            record(first, against: files, keepsItems: true, only: shared),
            record(second, against: files, keepsItems: true, only: shared),
            asked: (left.items.count, right.items.count))
    }
}
