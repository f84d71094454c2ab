import MiphaData
import MiphaFiles
import MiphaImaging

extension TrainingDataSet {
    /// Refuses a preprocessor whose pictures do not fit the tower.
    func requirePictures(side: Int, model: String) throws {
        guard let processor else { return }
        let found = (processor.outputWidth, processor.outputHeight)
        guard found == (side, side) else {
            throw TrainingError(
                .invalidRun,
                "\(model): picture preprocessing: expected pictures of \(side) x \(side) pixels "
                    + "as in config.json, found \(found.0) x \(found.1)")
        }
    }
}

extension TrainingDataSet {
    /// Numbers of samples with a share held out, chosen by the seed; both parts keep the order.
    ///
    /// - Throws: `TrainingError` when one of the parts would be empty.
    func split(
        holdingOut share: Double, seed: UInt64
    ) throws -> (training: [Int], validation: [Int]) {
        let held = Int((share * Double(count)).rounded())
        guard held > 0, held < count else {
            throw TrainingError(
                .invalidRun,
                "validation_split: \(share) of \(count) samples holds \(held) out; expected at "
                    + "least one on each side")
        }
        var generator = SplitMix64(seed: seed &+ 0x5641_4C49_4441_5445)
        let order = generator.permutation(count)
        return (order[held...].sorted(), order[..<held].sorted())
    }
}
