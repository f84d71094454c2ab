import MiphaData
import MiphaModels

/// The parts of a run that an objective sees before the first update.
struct ObjectiveContext {
    /// The settings.
    let run: RunConfiguration
    /// The samples to learn from.
    let data: TrainingDataSet
    /// The data for the validation loss.
    let validation: TrainingDataSet?
    /// The model that learns.
    let model: MiphaModel
    /// The processes that share the work.
    let parallel: DataParallel?
    /// Whether the model has learned in an earlier start of the run.
    let isResumed: Bool
    /// Makes a batch of samples.
    let batch: ([TrainingSample]) throws -> MiphaBatch
    /// Reads the model that the run starts from once more.
    let startModel: () throws -> MiphaModel
}
