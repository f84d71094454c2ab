package import MiphaFiles

extension Tokenizer {
    /// The fields of `tokenizer_config.json` and `special_tokens_map.json`.
    package static let fields = [TokenizerFields.config, TokenizerFields.map]
}
