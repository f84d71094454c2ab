package import MiphaBenchmarks

/// What went wrong with some of several benchmarks, while the others went on.
package struct BenchmarkFailures {
    /// Number of all benchmarks.
    package let count: Int
    private var failures: [(title: String, error: any Error)] = []

    /// Starts with none.
    package init(count: Int) {
        self.count = count
    }

    /// Whether nothing failed.
    package var isEmpty: Bool { failures.isEmpty }

    /// Remembers why a benchmark failed.
    package mutating func add(_ card: BenchmarkCard, _ error: any Error) {
        failures.append((card.title, error))
    }

    /// Throws when something failed: of a single benchmark its own error.
    package func check() throws {
        guard let first = failures.first else { return }
        guard count > 1 else { throw first.error }
        throw BenchmarksError(count: count, failures: failures)
    }
}

/// The failures of some of several benchmarks as one.
package struct BenchmarksError: Error, CustomStringConvertible {
    let count: Int
    let failures: [(title: String, error: any Error)]

    /// One line that names each benchmark.
    package var description: String {
        "\(failures.count) of \(count) benchmarks failed: "
            + failures.map { "\($0.title): \($0.error)" }.joined(separator: "; ")
    }
}
