package import MiphaTorch

/// The part of a job's micro-batch that one process works on: a chunk of neighbours.
package struct RankShare: Sendable, Equatable {
    private let start: Int
    private let count: Int

    /// - Parameter batchSize: samples of one process's micro-batch.
    package init(_ group: ProcessGroup, _ batchSize: Int) {
        start = group.rank * batchSize
        count = batchSize
    }

    /// The samples of this process; the last micro-batch of an epoch may have fewer or none.
    package func callAsFunction(_ samples: [Int]) -> [Int] {
        Array(samples.dropFirst(start).prefix(count))
    }
}
