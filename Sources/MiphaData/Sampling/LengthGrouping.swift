/// An order in which neighbours have like lengths, and the longest sample of all comes first.
///
/// Reference: Hugging Face transformers, `trainer_pt_utils.get_length_grouped_indices`.
package struct LengthGrouping: Sendable, Hashable {
    /// Samples of one batch.
    package let batchSize: Int

    /// Describes batches; the number is at least 1.
    package init(batchSize: Int) {
        precondition(batchSize > 0, "a batch has at least one sample")
        self.batchSize = batchSize
    }

    /// An order of the places of `lengths`, each once.
    ///
    /// - Parameter permutation: a permutation of the numbers below its argument.
    package func order(_ lengths: [Int], permutation: (Int) -> [Int]) -> [Int] {
        let batches = max(1, min(lengths.count / 4 / batchSize, 50))
        let size = batches * batchSize
        let permuted = permutation(lengths.count)
        var order: [Int] = []
        order.reserveCapacity(lengths.count)
        var longest = 0
        for start in stride(from: 0, to: permuted.count, by: size) {
            order += FallingLength.sorted(
                permuted[start..<min(start + size, permuted.count)], lengths)
            if lengths[order[start]] > lengths[order[longest]] { longest = start }
        }
        if longest > 0 { order.swapAt(0, longest) }
        return order
    }
}
