/// The progress of a run: the contents of `trainer_state.json` besides the run's settings.
struct RunState {
    /// Updates done.
    var step = 0
    /// Number of samples trained on.
    var samples = 0
    /// SHA-256 of each data file.
    var data: [String] = []
    /// ``WeightSample`` of the model under adapters, which no checkpoint holds.
    var base: String?
    /// The checkpoint of the lowest validation loss.
    var best: Best?
    /// Whether the validation loss after these updates is still to be measured.
    var isValidationDue = false
    /// Updates in a row that were not finite.
    var skippedInARow = 0
    /// Samples asked for, and those that could not be used as they are.
    var usability = SampleUsability()
    /// The last losses, for spikes.
    var recentLosses: [Double] = []

    /// A checkpoint and its validation loss.
    struct Best: Equatable {
        let step: Int
        let loss: Double
    }
}
