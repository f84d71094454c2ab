import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

extension ModelBundle {
    /// Facts about the model for reports, as pairs of label and value.
    public var facts: [(label: String, value: String)] {
        let adapter = folder.adapter.map { [("adapter", $0.path)] } ?? []
        return adapter + [
            ("parameters", "\(model.store.elementCount)"),
            ("vision tower", folder.config.vision.summary),
            ("language model", folder.config.language.summary),
            ("arithmetic", "\(model.dtype) on \(model.device)"),
        ]
    }
}
