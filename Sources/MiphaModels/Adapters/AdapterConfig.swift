import MiphaCheckpoints
import MiphaFiles
import MiphaNN

/// What PEFT's `adapter_config.json` says about a LoRA adapter.
///
/// Fields that would change the arithmetic in a way that is not computed here are refused by name;
/// those about the start of training are passed over.
struct AdapterConfig {
    var alpha: Double
    var dropout: Double
    var usesRankStabilization: Bool
    var usesMagnitudes: Bool
    /// Alphas of layers of their own, by the end of the path; the first that fits counts, as in PEFT.
    var alphas: [(path: String, alpha: Double)]
    /// Name or folder of the model that the adapter was trained on.
    var baseModel: String?

    /// Reads a config.
    ///
    /// - Throws: `CheckpointError` naming another kind of adapter, or the field that cannot be met.
    init(_ reader: ConfigReader) throws(CheckpointError) {
        let kind = try reader.string("peft_type")
        guard kind == "LORA" else {
            throw reader.failure("peft_type", expected: "LORA, the only kind that is supported")
        }
        guard try reader.string("bias", default: "none") == "none" else {
            throw reader.failure("bias", expected: "none")
        }
        for key in ["fan_in_fan_out", "lora_bias", "use_qalora"]
        where try reader.bool(key, default: false) {
            throw reader.failure(key, expected: "false")
        }
        let unsupported = [
            "alora_invocation_tokens", "arrow_config", "corda_config", "kasa_config",
            "layer_replication", "lora_ga_config", "monteclora_config", "target_parameters",
            "trainable_token_indices", "use_bdlora", "velora_config",
        ]
        for key in unsupported where reader.has(key) {
            throw reader.failure(key, expected: "null")
        }
        try Self.requireUnchangedBase(reader)
        alpha = try reader.double("lora_alpha", default: 8)
        dropout = try reader.double("lora_dropout", default: 0)
        usesRankStabilization = try reader.bool("use_rslora", default: false)
        usesMagnitudes = try reader.bool("use_dora", default: false)
        baseModel = try reader.optionalString("base_model_name_or_path")
        alphas = []
        if let patterns = try reader.optionalObject("alpha_pattern") {
            for key in patterns.keys {
                guard key.allSatisfy({ $0.isLetter || $0.isNumber || "._".contains($0) }) else {
                    throw patterns.failure(
                        key, expected: "a name of layers, not a regular expression, as the key")
                }
                alphas.append((key, try patterns.double(key)))
            }
        }
    }

    /// Some ways to start an adapter change the base's weights too, which the adapter does not hold.
    private static func requireUnchangedBase(_ reader: ConfigReader) throws(CheckpointError) {
        let key = "init_lora_weights"
        guard let start = reader.value(key)?.stringValue else { return }
        guard ["gaussian", "eva", "orthogonal", "true", "false"].contains(start) else {
            throw reader.failure(
                key,
                expected: "a start that leaves the base's weights as they are; convert the "
                    + "adapter to plain LoRA with PEFT first")
        }
    }

    /// The alpha of the layer at a path in the adapter's own names.
    func alpha(at path: String) -> Double {
        alphas.first { path == $0.path || path.hasSuffix(".\($0.path)") }?.alpha ?? alpha
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
