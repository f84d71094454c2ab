/// A benchmark whose answers another model grades.
///
/// The grades are written in the benchmark's own file format, and ``Benchmark/score(_:against:variant:into:)``
/// reads that format as predictions: grades recorded elsewhere are scored the same way,
/// without any endpoint.
public protocol JudgedBenchmark: Benchmark {
    /// The judge of the published figures.
    var officialJudge: String { get }

    /// What to ask the judge.
    ///
    /// - Parameters:
    ///   - predictions: a model's answers.
    ///   - files: the questions, and the official instruction texts where they lie beside them.
    ///   - runs: how often every answer is graded, at least 1.
    /// - Throws: `EvaluationError` for wrong files and answers that are missing.
    func judgePlan(
        for predictions: Predictions, files: BenchmarkFiles, runs: Int
    ) throws(EvaluationError) -> JudgePlan

    /// The numbers that a reply holds by the official rule; nil when it holds none.
    func grade(_ reply: String) -> [Double]?

    /// The grades in the benchmark's own file format.
    ///
    /// - Parameter outcomes: one for each task of the plan, in its order.
    func gradeFile(_ outcomes: [JudgeOutcome]) throws(EvaluationError) -> Submission
}
