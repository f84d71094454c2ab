import Foundation
import MiphaChat
import MiphaFiles
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTorch

extension CheckpointStore {
    /// Writes a trained model: all of it with what it needs beside weights or, where it has adapters,
    /// these and what else was trained.
    ///
    /// The model keeps its layout, so that it is read with the same parameters: LLaVA's head has no
    /// bias, Mipha's always has one.
    ///
    /// - Parameters:
    ///   - values: what to write instead of the model's own parameters, by name.
    ///   - trained: names of the parameters that learn.
    func write(
        _ model: MiphaModel, values: [String: Tensor], trained: [String], to target: String
    ) throws {
        guard model.store.adapters.isEmpty else {
            try model.saveAdapter(
                to: target, trained: trained, values: values,
                baseModel: URL(filePath: self.model).standardizedFileURL.path(percentEncoded: false)
            )
            try model.saveConfig(to: target)
            try writeTemplate(model.config, to: target, isCopied: false)
            return
        }
        try model.save(
            to: target, options: MiphaModel.SaveOptions(layout: model.config.layout), values: values
        )
        try CompanionFiles.copy(
            from: self.model, to: target,
            aspectRatio: model.config.imageAspectRatio.flatMap { ImageAspectRatio(rawValue: $0) },
            isStated: model.config.layout == .mipha, imageSize: imageSize)
        try CompanionFiles.setMaximumLength(model.config.maximumLength, in: target)
        try writeTemplate(model.config, to: target, isCopied: true)
    }

    /// Has a folder name the chat format that its model was trained with, where the model that the
    /// run started from says another.
    ///
    /// - Parameter isCopied: whether the template of that model has been copied.
    private func writeTemplate(
        _ config: MiphaConfig, to target: String, isCopied: Bool
    ) throws {
        guard let template else { return }
        let format = try ChatFormat.named(template)
        let name = FolderTemplate.files[0]
        if let jinja = format.jinja,
            try FolderTemplate.format(of: model, family: config.chatFormat) != format
        {
            try AtomicFile.write(jinja, to: FileSystem.join(target, name))
        } else if !isCopied || FileSystem.isMissing(FileSystem.join(model, name)) {
            // One of an earlier run in the same folder.
            FileSystem.remove(FileSystem.join(target, name))
        }
    }

    /// Whether a file of this name holds a whole model's weights, or part of them.
    static func isWeights(_ name: String) -> Bool {
        name == "model.safetensors" || name == "model.safetensors.index.json"
            || (name.hasPrefix("model-") && name.hasSuffix(".safetensors"))
    }

    /// Removes the result of an earlier run of the other kind, with adapters or without.
    func removeOtherResult(than model: MiphaModel, from folder: String) throws {
        let hasAdapters = !model.store.adapters.isEmpty
        for name in try FileSystem.list(folder) {
            let isOther =
                hasAdapters
                ? Self.isWeights(name)
                : AdapterFolder.files.contains(name)
            if isOther { FileSystem.remove(FileSystem.join(folder, name)) }
        }
    }
}
