import MiphaData
import MiphaImaging

extension TrainingDataSet {
    /// Refuses a preprocessor whose pictures do not fit the tower.
    func requirePictures(side: Int, model: String) throws {
        guard let processor else { return }
        let found = (processor.outputWidth, processor.outputHeight)
        guard found == (side, side) else {
            throw TrainingError(
                .invalidRun,
                "\(model)/preprocessor_config.json: expected pictures of \(side) x \(side) pixels "
                    + "as in config.json, found \(found.0) x \(found.1)")
        }
    }
}
