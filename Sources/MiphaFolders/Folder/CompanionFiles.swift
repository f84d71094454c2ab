import MiphaCheckpoints
import MiphaFiles
package import MiphaImaging

/// The files that a model folder needs beside config and weights.
package enum CompanionFiles {
    /// Files that answers depend on: tokenizer, prompts and answers, image preprocessing.
    static let ofAnswers =
        [
            "tokenizer.json", tokenizerConfig, "special_tokens_map.json", "added_tokens.json",
            "vocab.json", "merges.txt", "tokenizer.model", "chat_template.json",
            "chat_template.jinja",
            "generation_config.json",
        ] + ImageProcessorFile.names

    /// Their names, with the licence.
    package static let names = ofAnswers + ["LICENSE"]

    /// Files that training scripts write beside an adapter and that answers depend on.
    ///
    /// The others are left out because programs write them anew, with the same meaning.
    static let besideAdapters = ofAnswers.filter {
        ![
            tokenizerConfig, "special_tokens_map.json", "vocab.json", "merges.txt",
            "tokenizer.model", "chat_template.json",
        ].contains($0)
    }

    private static let tokenizerConfig = "tokenizer_config.json"
    private static let largestFile = 1 << 30

    /// Copies those that are there into another folder; the image preprocessing says there what is
    /// done with images that are not square.
    ///
    /// - Parameters:
    ///   - aspectRatio: what is done with images that are not square; `nil` where no image is read.
    ///   - isStated: whether the config there says it; otherwise the image preprocessing does.
    ///   - imageSize: side of the images that the vision towers there take, where it is not that of the
    ///     image preprocessing.
    package static func copy(
        from source: String, to target: String, aspectRatio: ImageAspectRatio?, isStated: Bool,
        imageSize: Int? = nil
    ) throws {
        for name in names where !ImageProcessorFile.names.contains(name) {
            let path = FileSystem.join(source, name)
            guard !FileSystem.isMissing(path) else { continue }
            try AtomicFile.write(
                FileSystem.read(path, limit: largestFile), to: FileSystem.join(target, name))
        }
        for tower in 0..<ImageProcessorFile.towerCount {
            try ImageProcessorFile(folder: source, tower: tower)?.resized(to: imageSize).write(
                to: target, aspectRatio: aspectRatio, isStated: isStated, from: source)
        }
    }

    /// Has the tokenizer's files say how long texts were in training, as the reference's tokenizer
    /// does when it is saved.
    package static func setMaximumLength(_ length: Int, in folder: String) throws {
        let path = FileSystem.join(folder, tokenizerConfig)
        guard !FileSystem.isMissing(path) else { return }
        var config = try ConfigReader(contentsOf: path).object
        config["model_max_length"] = .integer(length)
        try JSONValue.object(config).write(to: path)
    }
}
