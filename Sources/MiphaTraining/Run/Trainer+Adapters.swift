import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    /// The model that learns: with adapters, the run's own model under them, whose matrices may be held
    /// in few bits.
    ///
    /// - Parameter start: a checkpoint; of a run with adapters it holds these and what else was
    ///   trained.
    static func model(
        _ run: RunConfiguration, _ plan: TrainingPlan, from start: String?
    ) throws -> MiphaModel {
        guard let adapters = plan.adapters(run) else {
            return try MiphaModel(folder: start ?? run.model, dtype: run.dtype, use: .training)
        }
        try plan.requireTargets(run, of: MiphaModel.layers(MiphaConfig(folder: run.model)))
        let quantization = plan.quantization(run)
        guard let start else {
            return try MiphaModel(
                folder: run.model, dtype: run.dtype, use: .training, adapters: adapters,
                quantization: quantization)
        }
        return try MiphaModel(
            folder: run.model, adapter: AdapterFolder(start), dtype: run.dtype, use: .training,
            quantization: quantization)
    }

    /// Refuses to train what is only an adapter.
    static func requireWholeModel(_ folder: String) throws {
        guard AdapterFolder.isAlone(folder) else { return }
        throw TrainingError(
            .invalidRun,
            "model: \(folder) is an adapter without its base; fold it in with mipha merge and train "
                + "the result")
    }
}
