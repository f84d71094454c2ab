import MiphaBenchmarks

/// Scores with the items kept.
func scoredVQA(
    _ benchmark: any Benchmark, _ predictions: String, _ files: String, _ variant: String? = nil
) throws -> ScoreRecorder {
    var recorder = ScoreRecorder(keepsItems: true)
    try benchmark.score(
        try Predictions(predictions), against: try BenchmarkFiles(files),
        variant: try benchmark.card.variant(variant), into: &recorder)
    return recorder
}
