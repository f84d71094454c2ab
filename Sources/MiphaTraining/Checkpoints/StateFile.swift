import MiphaCheckpoints
import MiphaFiles

/// The file that says how far a run is, in its checkpoints and, at the end, in its folder.
enum StateFile {
    static let name = "trainer_state.json"

    /// Reads a folder's state.
    ///
    /// - Throws: `TrainingError` for the file that transformers writes under the same name.
    static func read(in folder: String) throws -> ConfigReader {
        let state = try ConfigReader(contentsOf: "\(folder)/\(name)")
        guard state.has("run") || !state.has("global_step") else {
            throw TrainingError(
                .invalidRun,
                "\(state.file): was written by transformers, whose optimiser and order of samples are "
                    + "others: a run cannot go on from it; begin one with model: \(folder), and "
                    + "another output_dir")
        }
        return state
    }
}
