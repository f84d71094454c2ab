/// All benchmarks there are.
public enum BenchmarkCatalog {
    /// In the order of tables.
    public static let all: [any Benchmark] = [
        VQAv2(), GQA(), VizWiz(), ScienceQA(), TextVQA(), POPE(), MME(),
        MMBench(.english), MMBench(.chinese), MMVet(), SEEDBench(), LLaVABench(),
        MMMU(), ChartQA(), DocVQA(), AI2D(), Custom(),
    ]

    /// Finds a benchmark by its id.
    ///
    /// - Throws: `EvaluationError` listing the ids there are.
    public static func named(_ id: String) throws(EvaluationError) -> any Benchmark {
        if let found = all.first(where: { $0.card.id == id.lowercased() }) { return found }
        let known = all.map(\.card.id).joined(separator: ", ")
        throw EvaluationError(
            .invalidRequest, "unknown benchmark \"\(id)\"; expected one of \(known)")
    }
}
