import MiphaCheckpoints
import MiphaFiles

/// Adapters, and the precision of the weights under them.
extension RunKey {
    static let adapters = [
        RunKey(
            "lora_r", \.adapters.rank,
            .integer.only("From 1 to \(1 << 16)", expected: "a rank from 1 to \(1 << 16)") {
                (1...1 << 16).contains($0)
            },
            "Rank of the adapters; this and the next eight keys need a group in the mode `lora`."),
        RunKey(
            "lora_alpha", \.adapters.alpha, .above0(to: .greatestFiniteMagnitude),
            "Strength of the adapters, whose updates are scaled by `lora_alpha / lora_r`."),
        RunKey(
            "lora_dropout", \.adapters.dropout,
            .number.only(
                "From 0 to below 1", expected: "a probability from 0 to below 1"
            ) { (0..<1).contains($0) },
            "Dropout on the inputs of adapters in training."),
        RunKey(
            "lora_targets", \.adapters.targets, .targets,
            "Layers that get an adapter: `all-linear`, or a list of names such as "
                + "`[q_proj, v_proj]`."
        ).ofStartModel,
        RunKey(
            "use_rslora", \.adapters.usesRankStabilization, .flag,
            "Scales updates by `lora_alpha / sqrt(lora_r)` (rsLoRA)."),
        RunKey(
            "use_dora", \.adapters.usesMagnitudes, .flag,
            "Trains the magnitude of every weight row separately (DoRA)."),
        RunKey(
            "load_in_8bit", \.base.isEightBit, .flag,
            "Quantises frozen matrices to 8 bits, row by row; not with `load_in_4bit`."
        ).ofStartModel,
        RunKey(
            "load_in_4bit", \.base.isFourBit, .flag,
            "Quantises frozen matrices to 4 bits (NF4, blocks of 64), as in QLoRA."
        ).ofStartModel,
        RunKey(
            "bnb_4bit_use_double_quant", \.base.quantizesScales, .flag,
            "Quantises the scales of NF4 to 8 bits as well; needs `load_in_4bit`."
        ).ofStartModel,
    ]
}

extension RunConfiguration {
    /// Keys about adapters whose value is not the default.
    var keysOfAdapters: [String] {
        let defaults = RunConfiguration()
        return RunKey.adapters.filter { $0.value(in: self) != $0.value(in: defaults) }.map(\.name)
    }
}

extension RunValue where Value == [String] {
    /// One text or several.
    static var texts: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                if case .array = reader.value(key) { return try reader.strings(key) }
                return [try reader.string(key)]
            },
            write: { .array($0.map { .string($0) }) })
    }

    /// One path or several, of which none is empty.
    static var paths: RunValue {
        texts.only("", expected: "paths that are not empty") { !$0.contains("") }
    }

    /// Names of layers, each once.
    fileprivate static var targets: RunValue {
        RunValue(
            read: { (reader, key) throws(CheckpointError) in
                var seen: Set<String> = []
                let names = try texts.read(reader, key).filter { seen.insert($0).inserted }
                guard !names.isEmpty, !names.contains("") else {
                    throw reader.failure(
                        key,
                        expected:
                            "\(AdapterSettings.allLinear) or names of layers such as [q_proj, v_proj]"
                    )
                }
                return names
            },
            write: { $0 == [AdapterSettings.allLinear] ? .string($0[0]) : texts.write($0) })
    }
}
