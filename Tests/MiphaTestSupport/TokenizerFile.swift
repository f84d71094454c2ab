import MiphaFiles

/// Changes of a tokenizer in a test's own folder.
public enum TokenizerFile {
    /// Adds tokens to `tokenizer.json` until there are `count` ids.
    public static func fill(_ folder: String, upTo count: Int) throws {
        let path = "\(folder)/tokenizer.json"
        guard var object = try JSONValue(contentsOf: path).objectValue,
            var tokens = object["added_tokens"]?.arrayValue,
            let last = tokens.last?["id"]?.integerValue
        else { return }
        for id in stride(from: last + 1, to: count, by: 1) {
            tokens.append([
                "id": .integer(id), "content": .string("<|filler \(id)|>"), "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false, "special": true,
            ])
        }
        object["added_tokens"] = .array(tokens)
        try JSONValue.object(object).write(to: path)
    }
}
