public import MiphaCheckpoints
package import MiphaNN

extension MiphaConfig {
    /// The same model for square images of another side, which all its vision towers take.
    ///
    /// Its files' tables of positions are of another shape then; ``source(_:ofTowers:)`` interpolates
    /// them as they are read. Written, the model has them in the new size, and `image_size` says so.
    ///
    /// - Parameter side: in pixels; `nil`: no change.
    /// - Throws: `CheckpointError` when the side gives no patch, two towers have other grids there, or the
    ///   projector cannot cut the grid.
    public func resized(to side: Int?) throws(CheckpointError) -> MiphaConfig {
        guard let side else { return self }
        var config = self
        config.vision = try vision.resized(to: side)
        if let problem = config.projector.problem(with: config.vision.grid) {
            throw CheckpointError(
                .invalidConfig,
                "image_size: expected a size whose patches the projector can cut, found \(side): "
                    + problem)
        }
        return config
    }

    /// The parameters of this model in a source that has those of towers at another image size.
    package func source(
        _ base: any ParameterSource, ofTowers stored: any TowerConfiguration
    ) -> any ParameterSource {
        let resizing = PositionResizing(from: stored, to: vision)
        return resizing.isEmpty ? base : ResizedSource(base: base, resizing: resizing)
    }
}
