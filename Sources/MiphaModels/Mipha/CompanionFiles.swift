package import MiphaFiles

/// The files that a model folder needs beside config and weights.
package enum CompanionFiles {
    /// Their names: of the tokenizer, of the preparation of pictures and prompts, and the licence.
    package static let names = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "preprocessor_config.json", "processor_config.json",
        "chat_template.json", "chat_template.jinja", "generation_config.json", "LICENSE",
    ]

    private static let largestFile = 1 << 30

    /// Copies those that are there into another folder, without some.
    package static func copy(
        from source: String, to target: String, without others: [String] = []
    ) throws(FileError) {
        for name in names where !others.contains(name) {
            let path = FileSystem.join(source, name)
            guard !FileSystem.isMissing(path) else { continue }
            try AtomicFile.write(
                FileSystem.read(path, limit: largestFile), to: FileSystem.join(target, name))
        }
    }
}
