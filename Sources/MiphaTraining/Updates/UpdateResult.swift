import MiphaTorch

/// The result of an update.
struct UpdateResult {
    /// Not a number when nothing was supervised.
    var loss = 0.0
    var norm = 0.0
    /// The divisor of the update's means, as the objective counts.
    var weight = 0
    var supervised = 0
    var tokens = 0
    /// Sums of the objective's figures.
    var figures: [Double] = []
    var isSkipped = false
    /// Samples of all processes until now.
    var usability = SampleUsability()
    /// Among several processes, the ranks whose losses are not finite, or the one with the
    /// highest.
    var ranks: [Int]?

    /// Joins loss and counts of all processes after their backward passes; every process takes
    /// part.
    ///
    /// - Parameter weight: what this process's samples count.
    mutating func join(_ parallel: DataParallel, own weight: Int) throws {
        let (rank, world) = (parallel.group.rank, parallel.group.worldSize)
        var sums = [Double](repeating: 0, count: 3 * world)
        sums[rank] = loss
        sums[world + rank] = Double(weight)
        sums[2 * world + rank] = Double(tokens)
        let all = try parallel.sum(sums + figures)
        let losses = all[..<world]
        loss = losses.reduce(0, +)
        tokens = Int(all[(2 * world)..<(3 * world)].reduce(0, +))
        figures = Array(all[(3 * world)...])
        let broken = losses.indices.filter { !losses[$0].isFinite }
        let highest = losses.indices.max { first, second in
            losses[first] / max(1, all[world + first])
                < losses[second] / max(1, all[world + second])
        }
        ranks = broken.isEmpty ? highest.map { [$0] } : broken
    }
}
