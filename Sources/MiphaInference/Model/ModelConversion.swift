import Foundation
import MiphaFiles
public import MiphaModels

/// Writes a model folder again in another layout.
public enum ModelConversion {
    /// Files beside config and weights that go along unchanged.
    static let companions = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "preprocessor_config.json",
        "generation_config.json", "LICENSE",
    ]

    /// Converts a model; weights keep their dtype and their bits.
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
        let model = try folder.model()
        let target = try AtomicDirectory(path: output)
        try model.save(
            to: target.partialPath,
            options: MiphaModel.SaveOptions(layout: layout, dropsHeadBias: dropsHeadBias))
        for name in companions {
            let source = "\(folder.path)/\(name)"
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: target.file(name))
        }
        try target.commit()
        return try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    }
}
