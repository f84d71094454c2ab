package import MiphaBenchmarks

/// A benchmark with its data.
package struct BenchmarkSource: Sendable {
    /// The benchmark, and the variant of its rules.
    package let scoring: Scoring
    /// The authors' files.
    package let files: BenchmarkFiles
    /// All questions.
    package let questions: [Question]

    /// Reads the questions of a benchmark.
    ///
    /// - Throws: `EvaluationError` when files are missing or damaged.
    package init(_ scoring: Scoring, _ files: BenchmarkFiles) throws(EvaluationError) {
        self.scoring = scoring
        self.files = files
        questions = try scoring.benchmark.questions(files)
    }

    /// What is known of the benchmark.
    package var card: BenchmarkCard { scoring.benchmark.card }

    /// Its evaluation with a model.
    package func evaluation(
        _ folder: EvaluationFolder, _ settings: EvaluationSettings, _ model: EvaluatedModel
    ) -> BenchmarkEvaluation {
        BenchmarkEvaluation(
            scoring, files: files, folder: folder, settings: settings, model: model,
            questions: questions)
    }
}
