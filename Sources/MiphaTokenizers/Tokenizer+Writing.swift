extension Tokenizer {
    /// Writes the tokenizer's files into a folder, which is made if it is not there.
    ///
    /// The files it was read from are written byte for byte. Where `tokenizer_config.json` or
    /// `special_tokens_map.json` was not among them, one with the known roles is added, so that
    /// reading the folder gives the same tokenizer.
    ///
    /// - Throws: `TokenizerError` when a file cannot be written.
    public func write(to path: String) throws(TokenizerError) {
        var written = files
        func isMissing(_ name: String) -> Bool { !written.contains { $0.name == name } }
        let tokens = [
            ("bos_token", beginningOfTextID), ("eos_token", endOfTextID), ("pad_token", padID),
        ].compactMap { key, id in
            id.flatMap { vocabulary.content(of: $0) }.map {
                "\(Self.quoted(key)): \(Self.quoted($0))"
            }
        }
        if isMissing("special_tokens_map.json") {
            written.append(Self.object("special_tokens_map.json", tokens))
        }
        if isMissing("tokenizer_config.json") {
            let kind = isMissing("tokenizer.json") ? "GPT2Tokenizer" : "PreTrainedTokenizerFast"
            let settings = [
                "\"add_bos_token\": \(addsBeginningOfText)",
                "\"add_prefix_space\": \(encoder.addsPrefixSpace)",
                "\"clean_up_tokenization_spaces\": false",
                "\"tokenizer_class\": \"\(kind)\"",
            ]
            written.append(Self.object("tokenizer_config.json", settings + tokens))
        }
        try TokenizerFolder.write(written, to: path)
    }

    private static func object(_ name: String, _ members: [String]) -> TokenizerFolder.File {
        let body = members.map { "  \($0)" }.joined(separator: ",\n")
        return TokenizerFolder.File(name: name, bytes: Array("{\n\(body)\n}\n".utf8))
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
