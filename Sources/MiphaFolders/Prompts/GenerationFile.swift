import MiphaCheckpoints
import MiphaFiles
import MiphaModels
package import MiphaTokenizers

/// The settings of a model folder for the end of answers and for sampling.
///
/// It stands in `generation_config.json` or, where there is no such file, in `config.json`, as in
/// `generate` of transformers.
package struct GenerationFile: Sendable {
    /// Ids that end an answer.
    package let endIDs: Set<Int>
    /// Notes for the user.
    package let notes: [String]

    /// Reads a folder.
    ///
    /// An id of the official layout that stands for ordinary text is not used: every published
    /// Mipha config has 2 (`#`), the default of a class, where the reference stops at the
    /// tokenizer's end of text.
    ///
    /// - Throws: `CheckpointError` for a file that cannot be read; `FolderError` for a setting
    ///   that cannot be followed.
    package init(_ folder: ModelFolder, tokenizer: Tokenizer) throws {
        let readers = try Self.readers(folder)
        var (ids, notes): (Set<Int>, [String]) = ([], [])
        for reader in readers {
            let listed = JSONObject(
                reader.object.members.filter { Self.isKnown($0.key) || !reader.isConfig })
            let findings = Self.fields.examine(
                listed, file: reader.config.file, path: reader.config.path)
            if let message = findings.refused.first {
                throw FolderError(.mismatchedParts, message)
            }
            notes += findings.notes(reader.config.file)
            notes += try Self.samplingNotes(reader.config)
            // Ids beyond the vocabulary cannot come.
            let stated = try Self.ids(reader.config)
                .filter { $0 < folder.config.language.vocabularySize }
            for id in stated {
                let text = tokenizer.isSpecial(id) ? nil : tokenizer.token(of: id)
                let isUsed = text == nil || folder.config.layout == .llava
                if isUsed { ids.insert(id) }
                // Published official configs say 2, which the reference does not use.
                if let text, isUsed ? id != tokenizer.endOfTextID : !reader.isConfig {
                    notes.append(
                        "\(reader.config.file): \(reader.config.path(of: "eos_token_id")): \(id) is "
                            + "the text \"\(text)\" in this tokenizer; "
                            + (isUsed
                                ? "answers end there, as with transformers"
                                : "answers end at the tokenizer's end of text, as the reference's do")
                    )
                }
            }
            // Of a config's parts the first that names ids counts.
            if reader.isConfig, !stated.isEmpty { break }
        }
        endIDs = ids
        self.notes = notes
    }

    private struct Part {
        let config: ConfigReader
        let isConfig: Bool
        var object: JSONObject { config.object }
    }

    private static func readers(_ folder: ModelFolder) throws -> [Part] {
        let path = FileSystem.join(folder.path, "generation_config.json")
        guard FileSystem.kind(path) == nil else {
            return [Part(config: try ConfigReader(contentsOf: path), isConfig: false)]
        }
        let config = try ConfigReader(
            contentsOf: FileSystem.join(folder.path, ModelFolder.configName))
        let text = try folder.config.layout == .llava ? config.optionalObject("text_config") : nil
        return [config, text].compactMap { $0.map { Part(config: $0, isConfig: true) } }
    }

    private static func isKnown(_ name: String) -> Bool {
        fields.fields.contains { $0.names.contains(name) }
    }

    private static func ids(_ config: ConfigReader) throws -> [Int] {
        guard let value = config.value("eos_token_id") else { return [] }
        let ids = value.integerValue.map { [$0] } ?? value.arrayValue?.map { $0.integerValue ?? -1 }
        guard let ids, ids.allSatisfy({ $0 >= 0 }) else {
            throw config.failure("eos_token_id", expected: "an id or a list of ids")
        }
        return ids
    }

    /// The notes for a folder that asks for sampling.
    private static func samplingNotes(_ config: ConfigReader) throws -> [String] {
        guard try config.bool("do_sample", default: false) else { return [] }
        var options: [String] = []
        for (key, option, neutral) in [
            ("temperature", "--temperature", -1.0), ("top_p", "--top-p", 1),
        ] {
            let value = try config.double(key, default: 1)
            if value != neutral { options.append("\(option) \(value)") }
        }
        let mostLikely = try config.int("top_k", default: 50)
        if mostLikely != 0 { options.append("--top-k \(mostLikely)") }
        let others = ["typical_p", "min_p", "top_h", "epsilon_cutoff", "eta_cutoff"].filter {
            let value = config.value($0)?.doubleValue ?? 0
            return value != 0 && value != 1
        }
        let missing =
            others.isEmpty ? "" : "; \(others.joined(separator: ", ")) cannot be followed"
        return [
            "\(config.file): do_sample: answers take the most likely token unless an option says "
                + "otherwise; \(options.joined(separator: " ")) draws them as the file says\(missing)"
        ]
    }
}
