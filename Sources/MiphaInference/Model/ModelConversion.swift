import Foundation
import MiphaFiles
public import MiphaModels

/// Writes a model folder again in another layout.
public enum ModelConversion {
    /// Converts a model; weights keep their dtype and their bits.
    ///
    /// An adapter that the folder is opened with is folded in.
    ///
    /// - Parameters:
    ///   - output: the folder to create; it appears when everything is written.
    ///   - dropsHeadBias: whether a non-zero bias of the head may be lost in the LLaVA layout.
    /// - Returns: names of the files written, in the order of the alphabet.
    /// - Throws: `ParameterError` when the layout cannot hold the model; `FileError` when
    ///   `output` exists or cannot be written.
    public static func run(
        _ folder: ModelFolder, to layout: CheckpointLayout, output: String, dropsHeadBias: Bool
    ) throws -> [String] {
        try write(
            folder.model(), of: folder, to: output,
            MiphaModel.SaveOptions(layout: layout, dropsHeadBias: dropsHeadBias))
    }

    /// Folds an adapter into the weights of its model; they keep their dtype.
    ///
    /// - Parameter output: the folder to create, in the model's layout; it appears when everything
    ///   is written.
    /// - Returns: names of the files written, in the order of the alphabet.
    /// - Throws: `ParameterError` when the adapter belongs to another model; `FileError` when
    ///   `output` exists or cannot be written.
    public static func merge(
        _ adapter: AdapterFolder, into folder: ModelFolder, output: String
    ) throws -> [String] {
        if let inner = folder.adapter {
            throw InferenceError(
                .mismatchedParts,
                "\(inner.path) is an adapter; expected the folder of the model to fold \(adapter.path) "
                    + "into, such as \(folder.path)")
        }
        return try write(
            MiphaModel(folder: folder.path, adapter: adapter), of: folder, to: output,
            MiphaModel.SaveOptions(layout: folder.config.layout))
    }

    private static func write(
        _ model: MiphaModel, of folder: ModelFolder, to output: String,
        _ options: MiphaModel.SaveOptions
    ) throws -> [String] {
        let target = try AtomicDirectory(path: output)
        try model.save(to: target.partialPath, options: options)
        try CompanionFiles.copy(from: folder.path, to: target.partialPath)
        try target.commit()
        return try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    }
}
