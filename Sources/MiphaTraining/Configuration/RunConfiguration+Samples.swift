import MiphaCheckpoints
import MiphaFiles

extension SampleGeneration {
    /// Reads the keys of a run file; absent ones have their defaults.
    init(_ reader: ConfigReader) throws(CheckpointError) {
        self.init()
        steps = try reader.int("sample_steps", default: steps)
        guard (0...1_000_000_000).contains(steps) else {
            throw reader.failure("sample_steps", expected: "a number of updates, or 0 for none")
        }
        maximumTokens = try reader.positive("sample_max_tokens", default: maximumTokens)
        guard reader.has("sample_prompts") else { return }
        for prompt in try reader.objects("sample_prompts") {
            try prompt.refuseUnknownKeys(known: ["image", "prompt"])
            var images: [String] = []
            if prompt.has("image") {
                if case .array = prompt.value("image") {
                    images = try prompt.strings("image")
                } else {
                    images = [try prompt.string("image")]
                }
            }
            prompts.append(Prompt(try prompt.string("prompt"), images: images))
        }
    }

    /// The values under the keys of a run file.
    var json: JSONObject {
        let list = prompts.map { prompt in
            var object: JSONObject = [:]
            if prompt.images.count == 1 { object["image"] = .string(prompt.images[0]) }
            if prompt.images.count > 1 {
                object["image"] = .array(prompt.images.map { .string($0) })
            }
            object["prompt"] = .string(prompt.text)
            return JSONValue.object(object)
        }
        return [
            "sample_steps": .integer(steps), "sample_prompts": .array(list),
            "sample_max_tokens": .integer(maximumTokens),
        ]
    }

    /// Refuses settings that exclude each other.
    func validate() throws(TrainingError) {
        guard (steps > 0) != prompts.isEmpty else {
            throw TrainingError(
                .invalidRun,
                "sample_steps and sample_prompts: expected both or neither, found \(steps) updates "
                    + "and \(prompts.count) prompts")
        }
    }
}
