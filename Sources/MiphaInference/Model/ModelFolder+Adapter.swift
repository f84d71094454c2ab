import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaModels

extension ModelFolder {
    /// The folders of model and adapter that two arguments name.
    ///
    /// A `path` that holds nothing but an adapter stands for the model it was trained on, which
    /// `adapter_config.json` names as seen from the working folder or from the adapter's own.
    ///
    /// - Throws: `InferenceError` when that model is not there, or for two adapters.
    static func resolve(
        _ path: String, adapter: String?
    ) throws -> (model: String, adapter: AdapterFolder?) {
        guard AdapterFolder.isAlone(path) else {
            return (path, try adapter.map { try AdapterFolder($0) })
        }
        if let adapter {
            throw InferenceError(
                .mismatchedParts,
                "\(path) is an adapter itself; expected a model folder under the adapter \(adapter)"
            )
        }
        let found = try AdapterFolder(path)
        let file = "\(path)/adapter_config.json"
        guard let name = found.baseModel, !name.isEmpty else {
            throw InferenceError(
                .missingPart,
                "\(file): base_model_name_or_path: expected the folder of a model; name it as the "
                    + "model, and \(path) with --adapter")
        }
        let places = name.hasPrefix("/") ? [name] : [name, FileSystem.join(path, name)]
        guard
            let base = places.first(where: {
                FileSystem.kind(FileSystem.join($0, "config.json")) != nil
                    && !AdapterFolder.isAlone($0)
            })
        else {
            throw InferenceError(
                .missingPart,
                "\(file): base_model_name_or_path: no model folder at "
                    + "\(places.joined(separator: " or ")); name it as the model, and \(path) with "
                    + "--adapter")
        }
        return (base, found)
    }
}
