import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// The table of keys of run files against the settings of a run.
@Suite struct RunKeyTests {
    /// Values of every kind that keys have; each key accepts some of them.
    private static func values(_ random: inout SplitMix64) -> [JSONValue] {
        func name() -> String {
            let letters = (0..<8).map { _ in "abcxyz -_./0123:#é".randomElement(using: &random) }
            return "f" + String(letters.compactMap { $0 }) + "g"
        }
        let fraction = JSONValue.double(.random(in: 0.001..<0.5, using: &random))
        let part = ["tower", "projector", "language", "head"].randomElement(using: &random) ?? ""
        let block = Int.random(in: 1...9, using: &random)
        return [
            .integer(.random(in: 100...250, using: &random)), fraction,
            .integer(.random(in: -1_000_000...(-1), using: &random)),
            .double(.random(in: 1...100, using: &random)), .string(name()),
            .array([.string(name()), .string(name())]),
            .object([part: fraction]), .object([part: .string("last:\(block)")]),
            .array([.string(name()), ["path": .string(name()), "weight": fraction]]),
            .array([
                ["prompt": .string(name())],
                ["prompt": .string(name()), "image": .string(name())],
                ["prompt": .string(name()), "image": .array([.string(name()), .string(name())])],
            ]),
        ] + RunKey.all.flatMap(\.choices)
    }

    /// The run with one key, or nil where the key does not accept the value.
    private static func run(_ key: RunKey, _ value: JSONValue) -> RunConfiguration? {
        var run = RunConfiguration()
        do {
            let reader = try ConfigReader(file: "run", value: .object([key.name: value]))
            try key.read(reader, into: &run)
            return run
        } catch {
            return nil
        }
    }

    /// The stored properties of a run, and of the structures in it, with their values as text.
    private static func settings(_ value: Any, _ path: String = "run") -> [String: String] {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .struct, !mirror.children.isEmpty else {
            return [path: String(reflecting: value)]
        }
        return mirror.children.reduce(into: [:]) { settings, child in
            settings.merge(Self.settings(child.value, "\(path).\(child.label ?? "")")) { $1 }
        }
    }

    @Test func `every setting of a run is that of exactly one key`() {
        var random = SplitMix64(seed: 3)
        let values = Self.values(&random)
        let defaults = Self.settings(RunConfiguration())
        var keys: [String: [String]] = [:]
        for key in RunKey.all {
            let runs = values.compactMap { Self.run(key, $0) }.map { Self.settings($0) }
            let changed = defaults.keys.filter { name in
                runs.contains { $0[name] != defaults[name] }
            }
            #expect(!changed.isEmpty, "\(key.name)")
            for name in changed { keys[name, default: []].append(key.name) }
        }
        for name in defaults.keys {
            #expect(keys[name]?.count == 1, "\(name): \(keys[name] ?? [])")
        }
        #expect(Set(RunConfiguration.keys).count == RunKey.all.count)
    }

    @Test(arguments: 0..<50)
    func `a run with random values of all keys is read as it is written`(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let values = Self.values(&random)
        var object = JSONObject()
        for key in RunKey.all {
            let accepted = values.filter { Self.run(key, $0) != nil }
            let value: JSONValue = try #require(
                accepted.randomElement(using: &random), "\(key.name)")
            object[key.name] = value
        }
        let run = try RunConfiguration(ConfigReader(file: "run", value: .object(object)))
        #expect(run.json.keys == RunConfiguration.keys)
        #expect(try RunConfiguration(ConfigReader(file: "run", value: .object(run.json))) == run)
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write(JSONValue.object(run.json).text(.compact), to: path)
        #expect(try RunConfiguration(contentsOf: path) == run)
    }

    @Test func `an absent key and null leave the default`() throws {
        let defaults = RunConfiguration()
        for key in RunKey.all where !key.isRequired {
            var run = defaults
            try key.read(ConfigReader(file: "run", value: [:]), into: &run)
            try key.read(
                ConfigReader(file: "run", value: .object([key.name: .null])), into: &run)
            #expect(run == defaults, "\(key.name)")
        }
        for key in RunKey.all where key.isRequired {
            #expect(Self.run(key, .null) == nil, "\(key.name)")
        }
        #expect(
            RunKey.all.filter(\.isRequired).map(\.name)
                == ["model", "output_dir", "stage", "data_path"])
    }

    @Test func `keys that change no weights are these`() {
        #expect(
            RunKey.all.filter { !$0.changesWeights }.map(\.name) == [
                "output_dir", "bad_samples_limit", "dataloader_num_workers",
                "dataloader_prefetch_mib", "feature_cache", "feature_cache_gib",
                "optimizer_in_backward", "spike_factor", "sharding", "processes", "device",
                "deterministic", "threads",
                "eval_data_path", "eval_steps", "keep_best", "save_steps", "save_total_limit",
                "background_saves", "logging_steps", "tensorboard", "sample_steps",
                "sample_prompts", "sample_max_tokens",
            ])
    }

    /// Their order is that of the digest under which log-probabilities of a reference model are kept.
    @Test func `keys that change the model of the start are these`() {
        #expect(
            RunKey.all.filter(\.changesStartModel).map(\.name) == [
                "tune", "lora_targets", "load_in_8bit", "load_in_4bit",
                "bnb_4bit_use_double_quant",
            ])
    }

    @Test func `the list of keys has a line for each`() {
        let lines = RunKey.listing.split(separator: "\n")
        #expect(lines.count == RunKey.all.count + 1)
        for (line, key) in zip(lines.dropFirst(), RunKey.all) {
            let words = line.split(separator: " ")
            #expect(words.first == Substring(key.name))
            #expect(line.contains("  \(key.defaultText) "), "\(key.name)")
        }
        #expect(
            lines.contains {
                $0.hasPrefix("learning_rate ")
                    && $0.hasSuffix(" Highest learning rate. From 0 to 1.")
            })
    }
}
