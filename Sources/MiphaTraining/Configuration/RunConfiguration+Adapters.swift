import MiphaCheckpoints
import MiphaFiles

/// The keys about adapters and the precision of their base.
extension RunConfiguration {
    mutating func readAdapters(_ reader: ConfigReader) throws(CheckpointError) {
        adapters.rank = try reader.int("lora_r", default: adapters.rank)
        guard (1...1 << 16).contains(adapters.rank) else {
            throw reader.failure("lora_r", expected: "a rank from 1 to \(1 << 16)")
        }
        adapters.alpha = try reader.double("lora_alpha", default: adapters.alpha)
        guard adapters.alpha.isFinite, adapters.alpha > 0 else {
            throw reader.failure("lora_alpha", expected: "a number above 0")
        }
        adapters.dropout = try reader.double("lora_dropout", default: adapters.dropout)
        guard (0..<1).contains(adapters.dropout) else {
            throw reader.failure("lora_dropout", expected: "a probability from 0 to below 1")
        }
        if reader.has("lora_targets") {
            if case .array = reader.value("lora_targets") {
                adapters.targets = try reader.strings("lora_targets")
            } else {
                adapters.targets = [try reader.string("lora_targets")]
            }
            var seen: Set<String> = []
            adapters.targets.removeAll { !seen.insert($0).inserted }
            guard !adapters.targets.isEmpty, !adapters.targets.contains("") else {
                throw reader.failure(
                    "lora_targets",
                    expected:
                        "\(AdapterSettings.allLinear) or names of layers such as [q_proj, v_proj]")
            }
        }
        adapters.usesRankStabilization = try reader.bool(
            "use_rslora", default: adapters.usesRankStabilization)
        adapters.usesMagnitudes = try reader.bool("use_dora", default: adapters.usesMagnitudes)
        base.isEightBit = try reader.bool("load_in_8bit", default: base.isEightBit)
        base.isFourBit = try reader.bool("load_in_4bit", default: base.isFourBit)
        base.quantizesScales = try reader.bool(
            "bnb_4bit_use_double_quant", default: base.quantizesScales)
    }

    var adapterJSON: JSONObject {
        [
            "lora_r": .integer(adapters.rank), "lora_alpha": .double(adapters.alpha),
            "lora_dropout": .double(adapters.dropout),
            "lora_targets": adapters.targets == [AdapterSettings.allLinear]
                ? .string(AdapterSettings.allLinear)
                : .array(adapters.targets.map { .string($0) }),
            "use_rslora": .bool(adapters.usesRankStabilization),
            "use_dora": .bool(adapters.usesMagnitudes), "load_in_8bit": .bool(base.isEightBit),
            "load_in_4bit": .bool(base.isFourBit),
            "bnb_4bit_use_double_quant": .bool(base.quantizesScales),
        ]
    }

    /// Keys about adapters whose value is not the default.
    var keysOfAdapters: [String] {
        let (own, defaults) = (adapterJSON, RunConfiguration().adapterJSON)
        return own.keys.filter { own[$0] != defaults[$0] }
    }
}
