import MiphaData
import MiphaModels

/// What an objective sees of a run before its first update.
struct ObjectiveContext {
    /// The settings.
    let run: RunConfiguration
    /// The samples to learn from.
    let data: TrainingDataSet
    /// Those for the validation loss.
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
