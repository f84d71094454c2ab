import MiphaCheckpoints
import MiphaFiles
import MiphaNN

/// The contents of PEFT's `adapter_config.json` of a LoRA adapter.
///
/// ``fields`` lists every field. Those that would change the arithmetic in a way that is not
/// computed here are refused by name; those about the start of training are passed over.
package struct AdapterConfig: Sendable {
    /// The biases of the base that were trained.
    enum Biases: String, CaseIterable, Sendable {
        case none, all
        case adapted = "lora_only"
    }

    let dropout: Double
    let usesRankStabilization: Bool
    let usesMagnitudes: Bool
    let biases: Biases
    /// Name or folder of the model that the adapter was trained on.
    let baseModel: String?
    /// Notes about fields that were ignored.
    let notes: [String]
    private let reader: ConfigReader

    /// Reads a config.
    ///
    /// - Throws: `CheckpointError` naming another kind of adapter, or the field that cannot be met.
    init(_ reader: ConfigReader) throws(CheckpointError) {
        guard reader.has("peft_type") else {
            throw reader.failure("peft_type", expected: "LORA")
        }
        let findings = Self.fields.examine(reader.object, file: reader.file)
        guard findings.refused.isEmpty else {
            throw CheckpointError(.invalidConfig, findings.refused.joined(separator: "; "))
        }
        notes = findings.notes(reader.file)
        dropout = try reader.double("lora_dropout", default: 0)
        usesRankStabilization = try reader.bool("use_rslora", default: false)
        usesMagnitudes = try reader.bool("use_dora", default: false)
        biases = try reader.enumValue("bias", default: .none)
        baseModel = try reader.optionalString("base_model_name_or_path")
        self.reader = reader
    }

    /// The name of the file in messages.
    var file: String { reader.file }

    /// The modules that are adapted or trained in full.
    ///
    /// - Throws: `CheckpointError` naming a field that cannot be read.
    func targets() throws(CheckpointError) -> AdapterTargets { try AdapterTargets(reader) }

    /// An error about the value of a field.
    func failure(_ key: String, expected: String) -> CheckpointError {
        reader.failure(key, expected: expected)
    }

    /// The file of a plan whose layers are called `layers`, as PEFT 0.21 reads it.
    ///
    /// - Parameter layers: all adapted layers by module path, with their rank and alpha.
    static func json(
        _ plan: AdapterPlan, layers: [(path: String, strength: AdapterPlan.Strength)],
        baseModel: String?
    ) -> JSONValue {
        let common = layers.first?.strength ?? .init(rank: plan.rank, alpha: plan.alpha)
        var (ranks, alphas) = (JSONObject(), JSONObject())
        for (path, strength) in layers where strength != common {
            if strength.rank != common.rank { ranks[path] = .integer(strength.rank) }
            if strength.alpha != common.alpha { alphas[path] = number(strength.alpha) }
        }
        return .object([
            "alpha_pattern": .object(alphas),
            "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
            "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
            "init_lora_weights": true, "lora_alpha": number(common.alpha), "lora_bias": false,
            "lora_dropout": .double(plan.dropout), "modules_to_save": .null, "peft_type": "LORA",
            "r": .integer(common.rank), "rank_pattern": .object(ranks), "revision": .null,
            "target_modules": .array(layers.map { .string($0.path) }.sorted { "\($0)" < "\($1)" }),
            "task_type": "CAUSAL_LM", "use_dora": .bool(plan.usesMagnitudes),
            "use_rslora": .bool(plan.usesRankStabilization),
        ])
    }

    private static func number(_ value: Double) -> JSONValue {
        Int(exactly: value).map { .integer($0) } ?? .double(value)
    }
}
