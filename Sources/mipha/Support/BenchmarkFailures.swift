import MiphaEvaluation

/// What went wrong with some of several benchmarks, while the others went on.
struct BenchmarkFailures {
    /// Number of all benchmarks.
    let count: Int
    private var failures: [(title: String, error: any Error)] = []

    init(count: Int) {
        self.count = count
    }

    var isEmpty: Bool { failures.isEmpty }

    mutating func add(_ card: BenchmarkCard, _ error: any Error) {
        failures.append((card.title, error))
    }

    /// Throws when something failed: of a single benchmark its own error.
    func check() throws {
        guard let first = failures.first else { return }
        guard count > 1 else { throw first.error }
        throw BenchmarksError(count: count, failures: failures)
    }
}

/// The failures of some of several benchmarks as one.
struct BenchmarksError: Error, CustomStringConvertible {
    let count: Int
    let failures: [(title: String, error: any Error)]

    /// One line that names each benchmark.
    var description: String {
        "\(failures.count) of \(count) benchmarks failed: "
            + failures.map { "\($0.title): \($0.error)" }.joined(separator: "; ")
    }
}
