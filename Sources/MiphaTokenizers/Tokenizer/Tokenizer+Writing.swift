import MiphaFiles

extension Tokenizer {
    /// Writes the tokenizer's files into a folder, creating it if necessary.
    ///
    /// The files it was read from are written byte for byte. Where `tokenizer_config.json` or
    /// `special_tokens_map.json` was not among them, one with the known roles is added, so that
    /// reading the folder gives the same tokenizer.
    ///
    /// - Throws: `TokenizerError` when a file cannot be written.
    public func write(to path: String) throws(TokenizerError) {
        var written = files
        func isMissing(_ name: String) -> Bool { !written.contains { $0.name == name } }
        let tokens = JSONObject(
            [
                ("bos_token", beginningOfTextID), ("eos_token", endOfTextID), ("pad_token", padID),
            ].compactMap { key, id in
                id.flatMap { vocabulary.content(of: $0) }.map {
                    .init(key: key, value: .string($0))
                }
            })
        if isMissing("special_tokens_map.json") {
            written.append(try Self.file("special_tokens_map.json", tokens))
        }
        if isMissing("tokenizer_config.json") {
            let isModel = isMissing("tokenizer.json") && !isMissing("tokenizer.model")
            let slow = isModel ? "LlamaTokenizer" : "GPT2Tokenizer"
            let kind = isMissing("tokenizer.json") ? slow : "PreTrainedTokenizerFast"
            var settings: JSONObject = ["add_bos_token": .bool(addsBeginningOfText)]
            // A SentencePiece model says itself whether a blank goes before a text.
            if !isModel { settings["add_prefix_space"] = .bool(encoder.addsPrefixSpace) }
            settings["clean_up_tokenization_spaces"] = false
            settings["tokenizer_class"] = .string(kind)
            written.append(try Self.file("tokenizer_config.json", settings.merging(tokens)))
        }
        try TokenizerFolder.write(written, to: path)
    }

    private static func file(
        _ name: String, _ object: JSONObject
    ) throws(TokenizerError) -> TokenizerFolder.File {
        do throws(FileError) {
            let style = JSONStyle(indentation: 2, endsWithNewline: true)
            return .init(name: name, bytes: try JSONValue.object(object).bytes(style))
        } catch {
            throw TokenizerError(.file, error.message)
        }
    }
}
