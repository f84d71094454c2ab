import MiphaFolders
import MiphaTorch

/// The preparation of a run before a weight is read: its settings are checked, its model's folder
/// and its data are opened, and it is known where it starts.
struct RunPreparation {
    /// The model that the run starts from, with the settings that hold from there on.
    let start: StartModel
    /// The samples.
    let data: TrainingData
    /// The starting point of the run.
    let beginning: RunBeginning

    /// - Parameters:
    ///   - device: where the model is to be.
    ///   - worldSize: number of processes that share the work.
    ///   - note: receives the progress of a longer pass over the data.
    init(
        _ run: RunConfiguration, on device: Device, resume: RunResume, worldSize: Int,
        note: @escaping @Sendable (String) -> Void
    ) throws {
        try run.validate(worldSize: worldSize)
        let folder = try run.openModel()
        let tuning = try TrainingPlan(run)
        try tuning.requireTargets(run, in: folder.config)
        data = try TrainingData(run, folder, note: note)
        beginning = try RunBeginning(
            run, folder, data, tuning, resume: resume, worldSize: worldSize)
        start = StartModel(
            run: beginning.run, folder: folder, tuning: tuning, device: device)
    }
}
