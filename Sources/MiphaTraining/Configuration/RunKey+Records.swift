import MiphaChat
import MiphaCheckpoints
import MiphaFiles
import MiphaTorch

/// Processes, validation, checkpoints and logs.
extension RunKey {
    static let process = [
        RunKey(
            "sharding", \.sharding, .choice,
            "What several processes divide among themselves instead of each holding all of it."
        ).withoutInfluence,
        RunKey(
            "processes", \.processes, .count(to: 1024),
            "Processes on this machine, unless a launcher starts them; `--processes` overrides it."
        ).withoutInfluence,
        RunKey(
            "device", \.device, .device,
            "Device that holds the model; `auto` is the best one here, `--device` overrides it."
        ).withoutInfluence,
        RunKey(
            "deterministic", \.isDeterministic, .flag,
            "Takes only kernels that give the same bits each time; slower on devices, and so on the CPU "
                + "anyway."
        ).withoutInfluence,
        RunKey(
            optional: "threads", \.threads, .count(to: Engine.maximumThreadCount),
            "Threads per operation; `--threads` overrides it.", absent: "libtorch's"
        ).withoutInfluence,
        RunKey("seed", \.seed, .seed, "Seed of all random choices."),
    ]

    static let validation = [
        RunKey(
            "eval_data_path", \.validationFiles, .validationFiles,
            "Conversation files for the validation loss: a path or a list of paths."
        ).withoutInfluence,
        RunKey(
            "validation_split", \.validationSplit, .from0ToBelow1,
            "Fraction of the samples held out for the validation loss; not with `eval_data_path`."),
        RunKey(
            "eval_steps", \.evaluationSteps, .count,
            "Updates between validations; the last update always has one."
        ).withoutInfluence,
        RunKey(
            "keep_best", \.keepsBest, .flag,
            "Keeps the checkpoint with the lowest validation loss; needs validation data."
        ).withoutInfluence,
    ]

    static let records = [
        RunKey(
            "save_steps", \.saveSteps, .updates(),
            "Updates between checkpoints; 0 writes none before the end."
        ).withoutInfluence,
        RunKey("save_total_limit", \.saveLimit, .count, "Number of newest checkpoints kept.")
            .withoutInfluence,
        RunKey(
            "background_saves", \.savesInBackground, .flag,
            "Writes checkpoints from a copy in memory while training continues."
        ).withoutInfluence,
        RunKey(
            "logging_steps", \.loggingSteps, .count, "Updates between lines of `metrics.jsonl`."
        ).withoutInfluence,
        RunKey("tensorboard", \.tensorBoard, .flag, "Writes event files of TensorBoard.")
            .withoutInfluence,
    ]

    /// The questions that a run asks its model.
    static let samples = [
        RunKey(
            "sample_steps", \.sampling.steps, .updates(to: 1_000_000_000),
            "Updates between sample answers; 0 samples none, otherwise it needs `sample_prompts`."
        ).withoutInfluence,
        RunKey(
            "sample_prompts", \.sampling.prompts, .prompts,
            "List of `{prompt, image}` that are answered; needs `sample_steps`."
        ).withoutInfluence,
        RunKey(
            "sample_max_tokens", \.sampling.maximumTokens, .count,
            "Maximum number of tokens of a sample answer."
        ).withoutInfluence,
    ]
}

extension RunValue where Value == UInt64 {
    /// A number of which negative ones stand for the upper half.
    fileprivate static var seed: RunValue {
        RunValue(
            "A whole number",
            read: { (reader, key) throws(CheckpointError) in
                UInt64(bitPattern: Int64(try reader.int(key)))
            },
            write: { .integer(Int(Int64(bitPattern: $0))) })
    }
}

extension RunValue where Value == [String] {
    /// Files, written as `null` where there are none.
    fileprivate static var validationFiles: RunValue {
        RunValue(read: paths.read, write: { $0.isEmpty ? .null : paths.write($0) })
    }
}

extension RunValue where Value == [SampleGeneration.Prompt] {
    fileprivate static var prompts: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                var prompts: [SampleGeneration.Prompt] = []
                for prompt in try reader.objects(key) {
                    try prompt.refuseUnknownKeys(known: ["image", "prompt"])
                    let images =
                        prompt.has("image")
                        ? try RunValue<[String]>.paths.read(prompt, "image") : []
                    let text = try prompt.string("prompt")
                    let markers = text.ranges(of: ImageMarker.text).count
                    guard markers == 0 || markers == images.count else {
                        throw prompt.failure(
                            "prompt",
                            expected: images.isEmpty
                                ? "no \(ImageMarker.text), as no image is named beside it"
                                : "\(images.count) \(ImageMarker.text), one for each image, or none"
                        )
                    }
                    prompts.append(.init(text, images: images))
                }
                return prompts
            },
            write: { prompts in
                .array(
                    prompts.map { prompt in
                        var object: JSONObject = [:]
                        let images = RunValue<[String]>.texts.write(prompt.images)
                        if !prompt.images.isEmpty {
                            object["image"] =
                                prompt.images.count == 1 ? .string(prompt.images[0]) : images
                        }
                        object["prompt"] = .string(prompt.text)
                        return .object(object)
                    })
            })
    }
}

extension RunValue where Value == String {
    /// A device as the command line writes it, or one that a library registers, with its index;
    /// whether it is there is seen when it is used.
    fileprivate static var device: RunValue {
        RunValue(
            "One of `auto`, `cpu`, `cuda`, `cuda:N`, `mps`",
            choices: ["auto", "cpu", "cuda", "mps"],
            read: { (reader, key) throws(CheckpointError) in
                let name = try reader.string(key)
                let known = /auto|cpu|mps|cuda|[a-z]+:[0-9]{1,3}/
                guard name.wholeMatch(of: known) != nil else {
                    throw reader.failure(key, expected: "auto, cpu, cuda, cuda:N or mps")
                }
                return name
            },
            write: { .string($0) })
    }
}
