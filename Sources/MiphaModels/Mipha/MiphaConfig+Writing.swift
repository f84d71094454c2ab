public import MiphaFiles
package import MiphaNN

extension MiphaConfig {
    /// The config file in a layout; fields that Mipha does not know survive in their own layout.
    ///
    /// - Parameter dtype: transformers' name of the stored element type, such as `bfloat16`.
    public func json(_ layout: CheckpointLayout, dtype: String) -> JSONValue {
        let kept = layout == self.layout ? source : JSONObject()
        var config = self
        config.language = language.built(in: layout)
        return .object(layout.format.json(config, kept, dtype: dtype))
    }

    /// Checks that a layout has a place for the vision tower, its features and the projector.
    ///
    /// - Parameter folder: what is to be written, for messages.
    package func requirePlace(
        in layout: CheckpointLayout, for folder: String
    ) throws(ParameterError) {
        guard layout == .llava else { return }
        let official = "expected layout \(CheckpointLayout.mipha.rawValue)"
        if projector.kind.reduction != nil {
            throw ParameterError(
                "\(folder): layout \(layout.rawValue) has no place for the projector "
                    + "\(projector.kind.name), which puts patches together; \(official)")
        }
        if let tower = vision.towers.first(where: { $0.selectedTokens == .patchOnly }) {
            throw ParameterError(
                "\(folder): layout \(layout.rawValue) drops the first token of "
                    + "\(type(of: tower).family.title) or none, but this model drops registers too; "
                    + official)
        }
        guard vision.towers.count > 1 else { return }
        let titles = vision.towers.map { type(of: $0).family.title }.joined(separator: " and ")
        throw ParameterError(
            "\(folder): layout \(layout.rawValue) has a place for one vision tower, but this model "
                + "has two side by side, \(titles); \(official)")
    }
}
