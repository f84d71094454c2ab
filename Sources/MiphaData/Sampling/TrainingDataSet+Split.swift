import MiphaFiles

extension TrainingDataSet {
    /// Numbers of samples with a share held out, chosen by the seed; both parts keep the order.
    ///
    /// - Throws: `DataError` when one of the parts would be empty.
    package func split(
        holdingOut share: Double, seed: UInt64
    ) throws(DataError) -> (training: [Int], validation: [Int]) {
        let held = Int((share * Double(count)).rounded())
        guard held > 0, held < count else {
            throw DataError(
                .invalidOption,
                "validation_split: \(share) of \(count) samples holds \(held) out; expected at "
                    + "least one on each side")
        }
        var generator = SplitMix64(seed: seed &+ 0x5641_4C49_4441_5445)
        let order = generator.permutation(count)
        return (order[held...].sorted(), order[..<held].sorted())
    }
}
