import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

extension ModelBundle {
    /// What reports say about the model, as pairs of label and value.
    public var facts: [(label: String, value: String)] {
        let (vision, language) = (folder.config.vision, folder.config.language)
        let adapter = folder.adapter.map { [("adapter", $0.path)] } ?? []
        return adapter + [
            ("parameters", "\(model.store.elementCount)"),
            (
                "vision tower",
                "SigLIP, \(vision.imageSize) px, \(vision.patchCount) positions per picture, "
                    + "\(vision.layerCount) layers of \(vision.hiddenSize)"
            ),
            (
                "language model",
                "Phi, \(language.layerCount) layers of \(language.hiddenSize), "
                    + "\(language.vocabularySize) tokens"
            ),
            ("arithmetic", "\(model.dtype) on \(model.device)"),
        ]
    }
}
