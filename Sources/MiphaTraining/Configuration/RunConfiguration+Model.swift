import MiphaFolders
import MiphaModels

extension RunConfiguration {
    /// Opens the folder of the model that the run starts from.
    ///
    /// - Throws: `TrainingError` for a folder that holds nothing but an adapter; `FolderError`,
    ///   `CheckpointError`.
    func openModel() throws -> ModelFolder {
        guard !AdapterFolder.isAlone(model) else {
            throw TrainingError(
                .invalidRun,
                "model: \(model) is an adapter without its base; fold it in with mipha merge and train "
                    + "the result")
        }
        return try ModelFolder(model, imageSize: imageSize, for: "training")
    }
}
