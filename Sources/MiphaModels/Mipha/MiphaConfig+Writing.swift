public import MiphaFiles

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
}
