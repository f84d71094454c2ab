extension PhiConfig {
    /// Name of the chat format that models of this family are trained with by default.
    public static let chatFormat = "phi"
}

extension MiphaConfig {
    /// Name of the chat format of the language model's family.
    public var chatFormat: String { type(of: language).chatFormat }
}
