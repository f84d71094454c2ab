import MiphaData

extension TrainingDataSet {
    /// Holds a share of the samples out, chosen by the seed; both parts keep the order.
    ///
    /// - Throws: `TrainingError` when one of the parts would be empty.
    func split(
        holdingOut share: Double, seed: UInt64
    ) throws -> (training: TrainingDataSet, validation: TrainingDataSet) {
        let held = Int((share * Double(count)).rounded())
        guard held > 0, held < count else {
            throw TrainingError(
                .invalidRun,
                "validation_split: \(share) of \(count) samples holds \(held) out; expected at "
                    + "least one on each side")
        }
        var generator = SeededGenerator(seed: seed &+ 0x5641_4C49_4441_5445)
        let order = generator.permutation(count)
        return (part(order[held...].sorted()), part(order[..<held].sorted()))
    }
}
