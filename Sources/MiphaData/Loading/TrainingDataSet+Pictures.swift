import MiphaImaging

extension TrainingDataSet {
    /// Refuses a preprocessor whose pictures do not fit the tower.
    ///
    /// - Parameters:
    ///   - side: width and height of the tower's pictures.
    ///   - model: the model's folder, for the message.
    /// - Throws: `DataError` naming both sizes.
    package func requirePictures(side: Int, model: String) throws(DataError) {
        guard let processor else { return }
        let found = (processor.outputWidth, processor.outputHeight)
        guard found == (side, side) else {
            throw DataError(
                .invalidOption,
                "\(model): picture preprocessing: expected pictures of \(side) x \(side) pixels "
                    + "as in config.json, found \(found.0) x \(found.1)")
        }
    }
}
