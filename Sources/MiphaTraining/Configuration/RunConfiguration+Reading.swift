import Foundation
public import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaNN
import MiphaTorch
import Yams

extension RunConfiguration {
    /// Reads a YAML run file.
    ///
    /// - Parameter overrides: `key=value` settings that win over the file; values are YAML.
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(contentsOf path: String, overrides: [String] = []) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError(.invalidRun, "\(path): no such run file")
        }
        var object = try Self.parse(RunFileText.decode(Array(data), file: path), name: path)
        for setting in overrides {
            let parts = setting.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let keys = (parts.first ?? "").split(
                separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty, !keys.contains(where: \.isEmpty) else {
                throw TrainingError(
                    .invalidRun, "--set \(setting): expected key=value, such as learning_rate=1e-4")
            }
            guard Self.set(try Self.value(parts[1], of: setting), at: keys[...], in: &object) else {
                throw TrainingError(
                    .invalidRun,
                    "--set \(setting): expected an object at \(keys.dropLast().joined(separator: "."))"
                        + ", found another value")
            }
        }
        try self.init(ConfigReader(file: path, value: .object(object)))
    }

    /// Sets a value of an object, or of the objects in it that the keys lead through.
    ///
    /// - Returns: false when a value on the way is not an object.
    private static func set(
        _ value: JSONValue, at keys: ArraySlice<Substring>, in object: inout JSONObject
    ) -> Bool {
        guard let first = keys.first.map(String.init) else { return false }
        guard keys.count > 1 else {
            object[first] = value
            return true
        }
        var inner: JSONObject
        switch object[first] ?? .null {
        case .object(let found): inner = found
        case .null: inner = [:]
        default: return false
        }
        guard set(value, at: keys.dropFirst(), in: &inner) else { return false }
        object[first] = .object(inner)
        return true
    }

    /// The value of a setting `key=value`.
    private static func value(_ text: Substring, of setting: String) throws -> JSONValue {
        let name = "--set \(setting)"
        let isQuoted = text.first == "\"" || text.first == "'"
        if text.contains(where: \.isNewline) || !isQuoted && text.contains(" #") {
            throw TrainingError(
                .invalidRun,
                "--set \(String(setting).quoted): expected a value in one line and without a comment; "
                    + "put one with \" #\" into quotation marks")
        }
        return try parse("value: \(text)", name: name)["value"] ?? .null
    }

    private static func parse(_ text: String, name: String) throws -> JSONObject {
        do {
            guard let node = try Yams.compose(yaml: text), let value = JSONValue(yaml: node),
                case .object(let object) = value
            else {
                throw TrainingError(
                    .invalidRun,
                    "\(name): expected YAML with `key: value` lines\(RunFileText.hint(text))")
            }
            return object
        } catch let error as YamlError {
            let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw TrainingError(.invalidRun, "\(name): not YAML: \(line)\(RunFileText.hint(text))")
        }
    }

    /// Reads the values of a run file.
    ///
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        try Self.requireKnownKeys(reader)
        self.init()
        model = try reader.string("model")
        outputFolder = try reader.string("output_dir")
        stage = try reader.enumValue("stage")
        tune = try reader.groups("tune") { (reader, key) throws(CheckpointError) in
            guard let mode = TuningMode(parsing: try reader.string(key)) else {
                throw reader.failure(key, expected: "frozen, full, lora or last:N")
            }
            return mode
        }
        try readAdapters(reader)
        (dataFiles, dataWeights) = try reader.weightedFiles("data_path")
        imageFolder = try reader.string("image_folder", default: imageFolder)
        template = try reader.optionalString("template")
        if reader.has("image_aspect_ratio") {
            aspectRatio = try reader.aspectRatio("image_aspect_ratio")
        }
        maximumLength = try reader.positive("model_max_length", default: maximumLength)
        labelPolicy = try reader.enumValue("label_policy", default: labelPolicy)
        attentionMask = try reader.enumValue("attention_mask", default: attentionMask)
        try readLoading(reader)
        epochs = try reader.bounded(
            "num_train_epochs", default: epochs, limit: 1e6, includingZero: false)
        maximumSteps = reader.has("max_steps") ? try reader.positive("max_steps", default: 1) : nil
        batchSize = try reader.positive("per_device_train_batch_size", default: batchSize)
        accumulation = try reader.positive("gradient_accumulation_steps", default: accumulation)
        epochEnd = try reader.epochEnd("dataloader_drop_last")
        lossReduction = try reader.enumValue("loss_reduction", default: lossReduction)
        preference = try PreferenceOptions(reader)
        sampling = try SampleGeneration(reader)
        try readOptimization(reader)
        seed = UInt64(bitPattern: Int64(try reader.int("seed", default: 42)))
        try readValidation(reader)
        saveSteps = try reader.int("save_steps", default: saveSteps)
        guard saveSteps >= 0 else {
            throw reader.failure("save_steps", expected: "a number of updates, or 0 for none")
        }
        saveLimit = try reader.positive("save_total_limit", default: saveLimit)
        savesInBackground = try reader.bool("background_saves", default: savesInBackground)
        tensorBoard = try reader.bool("tensorboard", default: tensorBoard)
        processes = try reader.positive("processes", default: processes)
        guard processes <= 1024 else {
            throw reader.failure("processes", expected: "a number from 1 to 1024")
        }
        threads = reader.has("threads") ? try reader.positive("threads", default: 1) : nil
        loggingSteps = try reader.positive("logging_steps", default: loggingSteps)
    }

    private mutating func readLoading(_ reader: ConfigReader) throws(CheckpointError) {
        samplingOrder = try reader.enumValue("sampling_order", default: samplingOrder)
        packing = try reader.bool("packing", default: packing)
        packingBudget =
            reader.has("packing_budget") ? try reader.positive("packing_budget", default: 1) : nil
        badSamples = try reader.enumValue("bad_samples", default: badSamples)
        badSampleLimit = try reader.share("bad_samples_limit", default: badSampleLimit)
        loaderThreads = try reader.positive("dataloader_num_workers", default: loaderThreads)
        guard loaderThreads <= 256 else {
            throw reader.failure("dataloader_num_workers", expected: "a number from 1 to 256")
        }
        prefetchMebibytes = try reader.positive(
            "dataloader_prefetch_mib", default: prefetchMebibytes)
        featureFolder = try reader.optionalString("feature_cache")
        featureGibibytes = try reader.bounded(
            "feature_cache_gib", default: featureGibibytes, limit: 1e6, includingZero: true)
    }

    private mutating func readValidation(_ reader: ConfigReader) throws(CheckpointError) {
        validationFiles = reader.has("eval_data_path") ? try reader.files("eval_data_path") : []
        validationSplit = try reader.share(
            "validation_split", default: validationSplit, excludingOne: true)
        evaluationSteps = try reader.positive("eval_steps", default: evaluationSteps)
        keepsBest = try reader.bool("keep_best", default: keepsBest)
    }

    private mutating func readOptimization(_ reader: ConfigReader) throws(CheckpointError) {
        learningRate = try reader.share("learning_rate", default: learningRate)
        learningRates = try reader.groups("learning_rates") {
            (reader, key) throws(CheckpointError) in try reader.share(key, default: 0)
        }
        weightDecays = try reader.groups("weight_decays") {
            (reader, key) throws(CheckpointError) in try reader.share(key, default: 0)
        }
        schedule = try reader.enumValue("lr_scheduler_type", default: schedule)
        warmupRatio = try reader.share("warmup_ratio", default: warmupRatio)
        decayRatio = try reader.share("decay_ratio", default: decayRatio)
        optimizer = AdamW.Options(
            beta1: try reader.share("adam_beta1", default: optimizer.beta1, excludingOne: true),
            beta2: try reader.share("adam_beta2", default: optimizer.beta2, excludingOne: true),
            epsilon: try reader.bounded(
                "adam_epsilon", default: optimizer.epsilon, limit: 1, includingZero: false),
            weightDecay: try reader.share("weight_decay", default: optimizer.weightDecay))
        moments = try reader.enumValue("optim", default: moments)
        optimizerInBackward = try reader.bool(
            "optimizer_in_backward", default: optimizerInBackward)
        maximumGradientNorm = try reader.bounded(
            "max_grad_norm", default: maximumGradientNorm, limit: .greatestFiniteMagnitude,
            includingZero: true)
        dtype = try reader.dtype("dtype", default: dtype)
        checkpointing = try reader.bool("gradient_checkpointing", default: checkpointing)
        sharding = try reader.enumValue("sharding", default: sharding)
        zLoss = try reader.bounded("z_loss", default: zLoss, limit: 1e6, includingZero: true)
        nonFinite = try reader.enumValue("on_nonfinite", default: nonFinite)
        spikeFactor = try reader.bounded(
            "spike_factor", default: spikeFactor, limit: 1e9, includingZero: true)
        averageDecay =
            reader.has("ema_decay")
            ? try reader.share("ema_decay", default: 0, excludingOne: true) : nil
    }
}

extension ConfigReader {
    /// Values by parameter group under a key.
    fileprivate func groups<Value>(
        _ key: String,
        _ read: (ConfigReader, String) throws(CheckpointError) -> Value
    ) throws(CheckpointError) -> [ModelPart: Value] {
        guard let object = try optionalObject(key) else { return [:] }
        try object.refuseUnknownKeys(known: ModelPart.allCases.map(\.rawValue))
        var values: [ModelPart: Value] = [:]
        for group in ModelPart.allCases where object.has(group.rawValue) {
            values[group] = try read(object, group.rawValue)
        }
        return values
    }

    /// One file name or several.
    fileprivate func files(_ key: String) throws(CheckpointError) -> [String] {
        if case .array = value(key) { return try strings(key) }
        return [try string(key)]
    }

    /// File names, with weights where an element is an object with `path` and `weight`.
    ///
    /// - Returns: no weights when all are 1.
    fileprivate func weightedFiles(
        _ key: String
    ) throws(CheckpointError) -> (files: [String], weights: [Double]) {
        guard case .array(let elements) = value(key),
            elements.contains(where: { if case .object = $0 { true } else { false } })
        else { return (try files(key), []) }
        let objects = elements.map { (element) -> JSONValue in
            if case .string = element { ["path": element] } else { element }
        }
        let whole = try ConfigReader(file: file, value: [key: .array(objects)])
        var files: [String] = []
        var weights: [Double] = []
        for reader in try whole.objects(key) {
            try reader.refuseUnknownKeys(known: ["path", "weight"])
            files.append(try reader.string("path"))
            weights.append(
                try reader.bounded("weight", default: 1, limit: 1e6, includingZero: true))
        }
        return (files, weights.allSatisfy { $0 == 1 } ? [] : weights)
    }

    func positive(_ key: String, default value: Int) throws(CheckpointError) -> Int {
        let found = try int(key, default: value)
        guard (1...1_000_000_000).contains(found) else {
            throw failure(key, expected: "a number from 1 to 1000000000")
        }
        return found
    }

    /// A finite number from 0, or from above 0, to `limit`.
    func bounded(
        _ key: String, default value: Double, limit: Double, includingZero: Bool
    ) throws(CheckpointError) -> Double {
        let found = try double(key, default: value)
        guard found <= limit, includingZero ? found >= 0 : found > 0 else {
            throw failure(key, expected: includingZero ? "a number from 0" : "a number above 0")
        }
        return found
    }

    /// A number from 0 to 1.
    func share(
        _ key: String, default value: Double, excludingOne: Bool = false
    ) throws(CheckpointError) -> Double {
        let found = try double(key, default: value)
        guard (0...1).contains(found), found < 1 || !excludingOne else {
            throw failure(key, expected: "a number from 0 to \(excludingOne ? "below 1" : "1")")
        }
        return found
    }

    func epochEnd(_ key: String) throws(CheckpointError) -> EpochEnd? {
        switch value(key) {
        case nil: return nil
        case .bool(let drops): return drops ? .dropped : .kept
        case .string(EpochEnd.former.rawValue): return .former
        default: throw failure(key, expected: "true, false or \(EpochEnd.former.rawValue)")
        }
    }

    fileprivate func aspectRatio(_ key: String) throws(CheckpointError) -> ImageAspectRatio {
        guard let ratio = ImageAspectRatio(rawValue: try string(key)) else {
            throw failure(key, expected: "square or pad")
        }
        return ratio
    }

    fileprivate func dtype(_ key: String, default value: DType) throws(CheckpointError) -> DType {
        let name = try string(key, default: value.rawValue)
        guard let dtype = DType(rawValue: name), dtype == .float32 || dtype == .bfloat16 else {
            throw failure(key, expected: "float32 or bfloat16")
        }
        return dtype
    }
}
