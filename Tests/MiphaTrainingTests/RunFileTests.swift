import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaNN
import MiphaTestSupport
import MiphaTraining
import Testing

@Suite struct RunFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private let required = [
        "model": "base", "output_dir": "out", "stage": "align", "data_path": "d.json",
    ]

    /// Every key with a value that is not its default.
    private let all: [(key: String, yaml: String, json: JSONValue)] = [
        ("model", "some/base", "some/base"), ("image_size", "112", 112),
        ("output_dir", "some/out", "some/out"),
        ("stage", "sft", "sft"),
        ("tune", "{tower: last:4, head: frozen}", ["tower": "last:4", "head": "frozen"]),
        ("lora_r", "8", 8), ("lora_alpha", "32", 32), ("lora_dropout", "0.25", 0.25),
        ("lora_targets", "[q_proj, v_proj]", ["q_proj", "v_proj"]), ("use_rslora", "true", true),
        ("use_dora", "true", true), ("load_in_8bit", "true", true), ("load_in_4bit", "true", true),
        ("bnb_4bit_use_double_quant", "false", false),
        ("data_path", "[a.json, b.json]", ["a.json", "b.json"]),
        ("image_folder", "pictures", "pictures"), ("template", "gemma", "gemma"),
        ("image_aspect_ratio", "square", "square"), ("model_max_length", "77", 77),
        ("label_policy", "reference", "reference"), ("attention_mask", "not_pad", "not_pad"),
        ("num_train_epochs", "2.5", 2.5), ("max_steps", "9", 9),
        ("per_device_train_batch_size", "3", 3), ("gradient_accumulation_steps", "5", 5),
        ("dataloader_drop_last", "true", true),
        ("loss_reduction", "micro_batch", "micro_batch"), ("learning_rate", "1.0e-3", 0.001),
        ("lr_scheduler_type", "linear", "linear"), ("warmup_ratio", "0.5", 0.5),
        ("weight_decay", "0.125", 0.125), ("adam_beta1", "0.5", 0.5), ("adam_beta2", "0.75", 0.75),
        ("adam_epsilon", "1e-3", 0.001), ("max_grad_norm", "1", 1),
        ("dtype", "bfloat16", "bfloat16"),
        ("gradient_checkpointing", "true", true), ("sharding", "zero2", "zero2"),
        ("learning_rates", "{tower: 2e-6}", ["tower": 2e-6]),
        (
            "weight_decays", "{language: 0.5, projector: 0.25}",
            ["projector": 0.25, "language": 0.5]
        ),
        ("decay_ratio", "0.25", 0.25), ("z_loss", "1e-4", 1e-4), ("on_nonfinite", "skip", "skip"),
        ("spike_factor", "5", 5), ("ema_decay", "0.999", 0.999),
        ("eval_data_path", "v.json", ["v.json"]), ("validation_split", "0.25", 0.25),
        ("eval_steps", "7", 7), ("keep_best", "true", true), ("background_saves", "false", false),
        ("tensorboard", "false", false), ("threads", "3", 3), ("device", "cpu", "cpu"),
        ("deterministic", "true", true),
        ("seed", "-7", -7), ("save_steps", "11", 11), ("save_total_limit", "4", 4),
        ("logging_steps", "6", 6),
        ("sampling_order", "modality_length", "modality_length"), ("packing", "true", true),
        ("packing_budget", "4096", 4096),
        ("bad_samples", "skip", "skip"), ("bad_samples_limit", "0.5", 0.5),
        ("dataloader_num_workers", "9", 9),
        ("dataloader_prefetch_mib", "64", 64), ("feature_cache", "features", "features"),
        ("feature_cache_gib", "0.5", 0.5), ("optimizer_in_backward", "true", true),
        ("sample_steps", "50", 50), ("sample_max_tokens", "9", 9),
        (
            "sample_prompts", "[{prompt: Hi}, {image: a.png, prompt: What?}]",
            [["prompt": "Hi"], ["image": "a.png", "prompt": "What?"]]
        ),
        ("preference_loss", "simpo", "simpo"), ("beta", "0.25", 0.25), ("simpo_gamma", "1.5", 1.5),
        ("label_smoothing", "0.125", 0.125),
        ("optim", "adamw_8bit", "adamw_8bit"), ("processes", "3", 3),
    ]

    private func read(_ yaml: String, overrides: [String] = []) throws -> RunConfiguration {
        let path = folder.file("run.yaml")
        try AtomicFile.write(yaml, to: path)
        return try RunConfiguration(contentsOf: path, overrides: overrides)
    }

    private func lines(_ values: [String: String]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
    }

    @Test func `every key is read into the setting it names`() throws {
        let defaults = try read(lines(required)).json
        #expect(Set(defaults.keys) == Set(all.map(\.key)))
        for (key, yaml, json) in all {
            let run = try read(lines(required.merging([key: yaml]) { $1 }))
            #expect(defaults[key] != json, "\(key): not a value of its own")
            for (other, _, _) in all where other != key {
                #expect(run.json[other] == defaults[other], "\(key) changed \(other)")
            }
            let found = run.json[key]
            #expect(found == json || found?.doubleValue == json.doubleValue, "\(key)")
            if json.doubleValue == nil { #expect(found == json, "\(key)") }
        }
    }

    @Test func `data files can have weights`() throws {
        let run = try read(
            lines(required.merging(["data_path": "[{path: a.json, weight: 0.5}, b.json]"]) { $1 }))
        #expect(run.dataFiles == ["a.json", "b.json"])
        #expect(run.dataWeights == [0.5, 1])
        #expect(
            run.json["data_path"] == [
                ["path": "a.json", "weight": 0.5], ["path": "b.json", "weight": 1.0],
            ])
        #expect(try read(JSONValue.object(run.json).text(.compact)) == run)
        let even = try read(
            lines(required.merging(["data_path": "[{path: a.json}, {path: b, weight: 1}]"]) { $1 }))
        #expect(even.dataWeights.isEmpty && even.json["data_path"] == ["a.json", "b"])
        for (value, part) in [
            ("[{path: a, weight: -1}]", "data_path[0].weight: expected a number from 0"),
            ("[b, {path: a, weight: much}]", "data_path[1].weight: expected a number"),
            ("[{path: a, wieght: 1}]", "unknown key data_path[0].wieght; did you mean weight?"),
            ("[{weight: 1}]", "data_path[0].path: expected"),
            ("[{path: a}, 3]", "data_path[1]: expected an object, found the integer 3"),
        ] {
            let error = #expect(throws: CheckpointError.self) {
                try read(lines(required.merging(["data_path": value]) { $1 }))
            }
            #expect(error.map { "\($0)".contains(part) } == true, "\(error.map { "\($0)" } ?? "")")
        }
    }

    @Test func `the resolved values read back as the same run`() throws {
        let runs = [
            try read(lines(required)),
            try read(lines(Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0.yaml) }))),
        ]
        for run in runs {
            let text = try JSONValue.object(run.json).text(.compact)
            let again = try RunConfiguration(
                ConfigReader(file: "run.json", value: JSONValue(parsing: text)))
            #expect(again == run)
            // JSON is YAML.
            #expect(try read(text) == run)
        }
        #expect(runs[0] != runs[1])
    }

    @Test func `settings of the command win over the file`() throws {
        let run = try read(
            lines(required) + "learning_rate: 0.5\nmax_steps: 3\n",
            overrides: [
                "learning_rate=1e-4", "seed=7", "data_path=[x.json, 'y z.json']", "max_steps=null",
                "image_folder=\"\"", "stage=instruct", "learning_rate=2e-4", "output_dir=a=b",
            ])
        #expect(run.learningRate == 2e-4)
        #expect(run.seed == 7)
        #expect(run.dataFiles == ["x.json", "y z.json"])
        #expect(run.maximumSteps == nil)
        #expect(run.imageFolder == "")
        #expect(run.stage == .instruct)
        #expect(run.outputFolder == "a=b")
    }

    @Test func `a setting of the command can be that of one group`() throws {
        let yaml = lines(required) + "tune: {tower: frozen, head: full}\n"
        let run = try read(
            yaml, overrides: ["tune.tower=last:2", "learning_rates.tower=1e-5", "template=null"])
        #expect(run.tune == [.tower: .last(2), .head: .full])
        #expect(run.learningRates == [.tower: 1e-5])
        #expect(run.template == nil)
    }

    @Test(arguments: [
        ("learning_rat=1", "did you mean learning_rate?"), ("seed", "expected key=value"),
        ("=3", "expected key=value"), ("tune.=full", "expected key=value"),
        ("seed=", "expected key=value"),
        ("stage.x=1", "expected an object at stage, found another value"),
        ("tune.tail=full", "unknown key tune.tail"), ("learning_rate=[1", "--set learning_rate=[1"),
        ("learning_rate=fast", "learning_rate: expected a number"),
        ("image_folder=a: b", "--set image_folder=a: b"),
    ])
    func `a wrong setting of the command is named`(setting: String, part: String) throws {
        let error = #expect(throws: (any Error).self) {
            try read(lines(required), overrides: [setting])
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(part), "\(text)")
        #expect(text.isOneLine)
    }

    @Test(
        arguments: [
            ("learning_rat", "learning_rate"), ("Stage", "stage"), ("batch_size", nil),
            ("output-dir", "output_dir"), ("weight_decay ", nil),
            ("num_train_epoch", "num_train_epochs"),
            ("max_step", "max_steps"),
        ] as [(String, String?)])
    func `an unknown key names the nearest known one`(key: String, near: String?) throws {
        let quoted = key.hasSuffix(" ") ? "\"\(key)\"" : key
        let error = #expect(throws: CheckpointError.self) {
            try read(lines(required) + "\(quoted): 1\n")
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("run.yaml: unknown key \(quoted)"))
        if let near { #expect(text.hasSuffix("did you mean \(near)?"), "\(text)") }
    }

    @Test func `required keys are asked for by name`() throws {
        for key in required.keys {
            let rest = required.filter { $0.key != key }
            let error = #expect(throws: CheckpointError.self) { try read(lines(rest)) }
            #expect(error.map { "\($0)".contains("run.yaml: \(key): expected") } == true)
        }
        let missing = folder.file("absent.yaml")
        let error = #expect(throws: TrainingError.self) {
            try RunConfiguration(contentsOf: missing)
        }
        #expect(error?.description == "\(missing): no such run file")
    }

    @Test func `a folder in the place of a run file is reported as one`() throws {
        let path = try folder.folder("run")
        func message() -> String {
            do { _ = try RunConfiguration(contentsOf: path) } catch { return "\(error)" }
            return ""
        }
        #expect(message() == "\(path): expected a run file, found a folder")
        try AtomicFile.write("seed: 1\n", to: "\(path)/resolved.yaml")
        #expect(message().hasSuffix("found a folder; name \(path)/resolved.yaml in it"))
    }

    @Test(arguments: [
        ("model", "''", "model: expected a path that is not empty, found the string \"\""),
        ("output_dir", "''", "output_dir: expected a path that is not empty"),
        ("feature_cache", "''", "feature_cache: expected a path that is not empty"),
        ("data_path", "''", "data_path: expected paths that are not empty"),
        ("data_path", "[a.json, '']", "data_path: expected paths that are not empty"),
        ("data_path", "[{path: '', weight: 2}]", "data_path[0].path: expected a path that is not"),
        ("eval_data_path", "''", "eval_data_path: expected paths that are not empty"),
    ])
    func `an empty path is refused by its key`(key: String, yaml: String, part: String) throws {
        let error = #expect(throws: CheckpointError.self) {
            try read(lines(required.merging([key: yaml]) { $1 }))
        }
        let message = error?.message ?? ""
        #expect(message.contains(part) && message.contains("run.yaml"), "\(message)")
    }

    @Test(arguments: [
        ("{prompt: 'What is <image>?'}", "no <image>, as no image"),
        ("{image: a.png, prompt: '<image> or <image>?'}", "1 <image>"),
        ("{image: [a.png, b.png], prompt: '<image>?'}", "2 <image>"),
    ])
    func `a sample prompt with another number of markers than of images is refused`(
        prompt: String, part: String
    ) throws {
        let yaml = lines(required) + "sample_steps: 1\nsample_prompts: [{prompt: Hi}, \(prompt)]\n"
        let error = #expect(throws: CheckpointError.self) { try read(yaml) }
        let message = error?.message ?? ""
        #expect(message.contains("sample_prompts[1].prompt: expected \(part)"), "\(message)")
        let good = try read(
            lines(required) + "sample_prompts: [{image: [a, b], prompt: '<image>, <image>?'}]\n")
        #expect(good.sampling.prompts.count == 1)
    }

    @Test func `every shipped run file decodes`() throws {
        let runs = PackagePaths.root + "/Runs"
        let names = try FileManager.default.contentsOfDirectory(atPath: runs)
            .filter { $0.hasSuffix(".yaml") }
        #expect(Set(names).isSuperset(of: ["align.yaml", "instruct.yaml"]))
        for name in names {
            let run = try RunConfiguration(contentsOf: "\(runs)/\(name)")
            #expect(run.warmupRatio == 0.03, "\(name)")
        }
        let align = try RunConfiguration(contentsOf: "\(runs)/align.yaml")
        #expect(align.stage == .align)
        #expect(align.batchSize * align.accumulation == 256)
        #expect(align.learningRate == 1e-3)
        let instruct = try RunConfiguration(contentsOf: "\(runs)/instruct.yaml")
        #expect(instruct.stage == .instruct)
        #expect(instruct.batchSize * instruct.accumulation == 128)
        #expect(instruct.learningRate == 2e-5)
        #expect(instruct.epochs == 2)
        #expect(align.samplingOrder == .plain)
        #expect(instruct.samplingOrder == .modalityLength)
    }
}
