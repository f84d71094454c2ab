import Foundation
public import MiphaCheckpoints
public import MiphaFiles
import MiphaImaging
import MiphaTorch
import Yams

extension RunConfiguration {
    /// The keys of a run file, in the order in which they are written.
    static let keys = [
        "model", "output_dir", "stage", "data_path", "image_folder", "template",
        "image_aspect_ratio", "model_max_length", "label_policy", "attention_mask",
        "num_train_epochs", "max_steps", "per_device_train_batch_size",
        "gradient_accumulation_steps", "loss_reduction", "learning_rate", "lr_scheduler_type",
        "warmup_ratio", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon",
        "max_grad_norm", "dtype", "gradient_checkpointing", "train_lm_head",
        "freeze_vision_tower", "freeze_backbone", "seed", "save_steps", "save_total_limit",
        "logging_steps",
    ]

    /// Reads a YAML run file.
    ///
    /// - Parameter overrides: `key=value` settings that win over the file; values are YAML.
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(contentsOf path: String, overrides: [String] = []) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError(.invalidRun, "\(path): no such run file")
        }
        var object = try Self.parse(String(decoding: data, as: UTF8.self), name: path)
        for setting in overrides {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw TrainingError(
                    .invalidRun, "--set \(setting): expected key=value, such as learning_rate=1e-4")
            }
            let parsed = try Self.parse("value: \(parts[1])", name: "--set \(setting)")
            object[String(parts[0])] = parsed["value"] ?? .null
        }
        try self.init(ConfigReader(file: path, value: .object(object)))
    }

    private static func parse(_ text: String, name: String) throws -> JSONObject {
        do {
            guard let node = try Yams.compose(yaml: text), let value = JSONValue(yaml: node),
                case .object(let object) = value
            else {
                throw TrainingError(.invalidRun, "\(name): expected YAML with `key: value` lines")
            }
            return object
        } catch let error as YamlError {
            let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw TrainingError(.invalidRun, "\(name): not YAML: \(line)")
        }
    }

    /// Reads the values of a run file.
    ///
    /// - Throws: `CheckpointError` naming file and key for unknown keys and wrong values.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        try reader.refuseUnknownKeys(known: Self.keys)
        self.init()
        model = try reader.string("model")
        outputFolder = try reader.string("output_dir")
        stage = try reader.enumValue("stage")
        if case .array = reader.value("data_path") {
            dataFiles = try reader.strings("data_path")
        } else {
            dataFiles = [try reader.string("data_path")]
        }
        imageFolder = try reader.string("image_folder", default: imageFolder)
        template = try reader.optionalString("template")
        if reader.has("image_aspect_ratio") {
            aspectRatio = try reader.aspectRatio("image_aspect_ratio")
        }
        maximumLength = try reader.positive("model_max_length", default: maximumLength)
        labelPolicy = try reader.enumValue("label_policy", default: labelPolicy)
        attentionMask = try reader.enumValue("attention_mask", default: attentionMask)
        epochs = try reader.bounded(
            "num_train_epochs", default: epochs, limit: 1e6, includingZero: false)
        maximumSteps = reader.has("max_steps") ? try reader.positive("max_steps", default: 1) : nil
        batchSize = try reader.positive("per_device_train_batch_size", default: batchSize)
        accumulation = try reader.positive("gradient_accumulation_steps", default: accumulation)
        lossReduction = try reader.enumValue("loss_reduction", default: lossReduction)
        try readOptimization(reader)
        seed = UInt64(bitPattern: Int64(try reader.int("seed", default: 42)))
        saveSteps = try reader.int("save_steps", default: saveSteps)
        guard saveSteps >= 0 else {
            throw reader.failure("save_steps", expected: "a number of updates, or 0 for none")
        }
        saveLimit = try reader.positive("save_total_limit", default: saveLimit)
        loggingSteps = try reader.positive("logging_steps", default: loggingSteps)
    }

    private mutating func readOptimization(_ reader: ConfigReader) throws(CheckpointError) {
        learningRate = try reader.share("learning_rate", default: learningRate)
        schedule = try reader.enumValue("lr_scheduler_type", default: schedule)
        warmupRatio = try reader.share("warmup_ratio", default: warmupRatio)
        optimizer = AdamW.Options(
            beta1: try reader.share("adam_beta1", default: optimizer.beta1, excludingOne: true),
            beta2: try reader.share("adam_beta2", default: optimizer.beta2, excludingOne: true),
            epsilon: try reader.bounded(
                "adam_epsilon", default: optimizer.epsilon, limit: 1, includingZero: false),
            weightDecay: try reader.share("weight_decay", default: optimizer.weightDecay))
        maximumGradientNorm = try reader.bounded(
            "max_grad_norm", default: maximumGradientNorm, limit: .greatestFiniteMagnitude,
            includingZero: true)
        dtype = try reader.dtype("dtype", default: dtype)
        checkpointing = try reader.bool("gradient_checkpointing", default: checkpointing)
        trainsHead = try reader.bool("train_lm_head", default: trainsHead)
        freezesTower = try reader.bool("freeze_vision_tower", default: freezesTower)
        freezesLanguageModel = try reader.bool("freeze_backbone", default: freezesLanguageModel)
    }

    /// The resolved values under the keys of a run file.
    public var json: JSONObject {
        var object: JSONObject = [
            "model": .string(model), "output_dir": .string(outputFolder),
            "stage": .string(stage.rawValue), "data_path": .array(dataFiles.map { .string($0) }),
            "image_folder": .string(imageFolder), "template": template.map { .string($0) } ?? .null,
            "image_aspect_ratio": aspectRatio.map { .string($0.rawValue) } ?? .null,
            "model_max_length": .integer(maximumLength),
            "label_policy": .string(labelPolicy.rawValue),
            "attention_mask": .string(attentionMask.rawValue),
            "num_train_epochs": .double(epochs),
            "max_steps": maximumSteps.map { .integer($0) } ?? .null,
            "per_device_train_batch_size": .integer(batchSize),
            "gradient_accumulation_steps": .integer(accumulation),
            "loss_reduction": .string(lossReduction.rawValue),
            "learning_rate": .double(learningRate),
            "lr_scheduler_type": .string(schedule.rawValue), "warmup_ratio": .double(warmupRatio),
            "weight_decay": .double(optimizer.weightDecay),
            "adam_beta1": .double(optimizer.beta1), "adam_beta2": .double(optimizer.beta2),
            "adam_epsilon": .double(optimizer.epsilon),
            "max_grad_norm": .double(maximumGradientNorm), "dtype": .string(dtype.rawValue),
            "gradient_checkpointing": .bool(checkpointing), "train_lm_head": .bool(trainsHead),
            "freeze_vision_tower": .bool(freezesTower),
            "freeze_backbone": .bool(freezesLanguageModel),
        ]
        object["seed"] = .integer(Int(Int64(bitPattern: seed)))
        object["save_steps"] = .integer(saveSteps)
        object["save_total_limit"] = .integer(saveLimit)
        object["logging_steps"] = .integer(loggingSteps)
        return object
    }
}

extension ConfigReader {
    fileprivate func positive(_ key: String, default value: Int) throws(CheckpointError) -> Int {
        let found = try int(key, default: value)
        guard (1...1_000_000_000).contains(found) else {
            throw failure(key, expected: "a number from 1 to 1000000000")
        }
        return found
    }

    /// A finite number from 0, or from above 0, to `limit`.
    fileprivate func bounded(
        _ key: String, default value: Double, limit: Double, includingZero: Bool
    ) throws(CheckpointError) -> Double {
        let found = try double(key, default: value)
        guard found <= limit, includingZero ? found >= 0 : found > 0 else {
            throw failure(key, expected: includingZero ? "a number from 0" : "a number above 0")
        }
        return found
    }

    /// A number from 0 to 1.
    fileprivate func share(
        _ key: String, default value: Double, excludingOne: Bool = false
    ) throws(CheckpointError) -> Double {
        let found = try double(key, default: value)
        guard (0...1).contains(found), found < 1 || !excludingOne else {
            throw failure(key, expected: "a number from 0 to \(excludingOne ? "below 1" : "1")")
        }
        return found
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

extension JSONValue {
    /// The value of a YAML node by YAML 1.2's core schema; `nil` for keys that are no strings.
    fileprivate init?(yaml node: Node) {
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping {
                guard let name = key.string, !name.contains(where: \.isNewline),
                    let converted = JSONValue(yaml: value)
                else { return nil }
                object[name] = converted
            }
            self = .object(object)
        case .sequence(let sequence):
            let values = sequence.compactMap { JSONValue(yaml: $0) }
            guard values.count == sequence.count else { return nil }
            self = .array(values)
        case .scalar(let scalar):
            if scalar.style != .plain {
                self = .string(scalar.string)
            } else if node.null != nil {
                self = .null
            } else if let bool = node.bool, ["true", "false"].contains(scalar.string.lowercased()) {
                self = .bool(bool)
            } else if let integer = Int(scalar.string) {
                self = .integer(integer)
            } else if let number = Double(scalar.string) {
                self = .double(number)
            } else {
                self = .string(scalar.string)
            }
        default:
            return nil
        }
    }
}
