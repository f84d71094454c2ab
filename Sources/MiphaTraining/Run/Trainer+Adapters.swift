import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    /// The model that learns: with adapters, the run's own model under them, whose matrices may be held
    /// in few bits.
    ///
    /// - Parameters:
    ///   - folder: the model that the run starts from.
    ///   - start: a checkpoint; of a run with adapters it holds these and what else was trained.
    static func model(
        _ run: RunConfiguration, _ folder: ModelFolder, _ plan: TrainingPlan, from start: String?
    ) throws -> MiphaModel {
        guard let adapters = plan.adapters(run) else {
            let folder = try start.map { try ModelFolder($0, for: folder.purpose) } ?? folder
            return try folder.model(dtype: run.dtype, use: .training)
        }
        let adapted = try start.map {
            try ModelFolder(folder.path, adapter: $0, for: folder.purpose)
        }
        return try (adapted ?? folder).model(
            dtype: run.dtype, use: .training, adapters: adapters,
            quantization: plan.quantization(run))
    }
}
