import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// Files that are not run files.
@Suite struct RunFileErrorTests {
    private func failure(_ yaml: [UInt8]) throws -> String {
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write(yaml, to: path)
        let error = #expect(throws: (any Error).self) { try RunConfiguration(contentsOf: path) }
        return error.map { "\($0)" } ?? ""
    }

    private static let required = "model: m\noutput_dir: o\nstage: align\ndata_path: d\n"

    @Test(arguments: [
        "", "\n\n# nothing\n", "just text", "- a\n- b\n", "42", "null", "~", "model: [a, b\n",
        "model: {a: b\n", "model: \"open\n", "model: 'open\n", "\tmodel: a\n", "model: a\n  b: c\n",
        "model: a: b\n", "a: b\n- c\n", "model: *nowhere\n", "model: !!binary [\n", "%YAML 9\n",
        "? [a, b]\n: c\n", "{a: 1}: b\n", "model: a\nmodel: b\n", "model: |\n text\n bad: [\n]",
        "model: @at\n", "model: `tick`\n", "&a [*a]\n", "--- a\n--- b\n", "model: \"\\q\"\n",
        "model: a\n}", "\u{0}", "model: \u{1}\n", "\u{FEFF}- a\n", "<<: 3\n",
        "model:\n\t- tab\n", "[[[[", "{{{{", ": : :", "!", "...\n...",
    ])
    func `text that is not a run file is refused in one line`(yaml: String) throws {
        let message = try failure(Array(yaml.utf8))
        #expect(message.contains("run.yaml"), "\(message)")
        #expect(message.isOneLine, "\(message)")
        #expect(message.utf8.count < 2_000)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["[", "{"])
    func `aliases that expand to millions of values are refused`(_ bracket: String) throws {
        var lines = ["a0: &a0 x"]
        for level in 1...9 {
            let copies = (0..<9).map { copy in
                bracket == "[" ? "*a\(level - 1)" : "k\(copy): *a\(level - 1)"
            }
            let list = copies.joined(separator: ", ")
            lines.append("a\(level): &a\(level) " + (bracket == "[" ? "[\(list)]" : "{\(list)}"))
        }
        let message = try failure(Array(lines.joined(separator: "\n").utf8))
        #expect(
            message.contains(
                "run.yaml: expected at most 100000 values, aliases such as *name expanded, found more"
            ),
            "\(message)")
        #expect(message.isOneLine)
    }

    @Test func `aliases within the limit are read`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run.yaml")
        try AtomicFile.write(
            "model: &m base\noutput_dir: *m\nstage: align\ndata_path: [*m, *m]\n", to: path)
        let run = try RunConfiguration(contentsOf: path)
        #expect(run.outputFolder == "base" && run.dataFiles == ["base", "base"])
    }

    @Test func `bytes that are not text are refused in one line`() throws {
        for bytes: [UInt8] in [[0xFF, 0xFE, 0x6D, 0x00], [0x80], [0x6D, 0x3A, 0x20, 0xC3]] {
            let message = try failure(bytes)
            #expect(message.contains("run.yaml"))
            #expect(message.isOneLine)
        }
    }

    @Test(arguments: ["[", "{a: ", "- "])
    func `deep nesting is refused, not followed`(opening: String) throws {
        let message = try failure(
            Array((Self.required + "seed: " + String(repeating: opening, count: 5_000)).utf8))
        #expect(message.contains("run.yaml"))
        #expect(message.isOneLine)
    }

    @Test(arguments: [
        ("stage", "aligned"), ("stage", "1"), ("model", "[a]"), ("model", "7"),
        ("output_dir", "true"),
        ("data_path", "{a: b}"), ("data_path", "[a, 1]"), ("image_folder", "3"),
        ("template", "[plain]"), ("image_aspect_ratio", "wide"), ("model_max_length", "0"),
        ("model_max_length", "2.5"), ("label_policy", "Offsets"), ("attention_mask", "none"),
        ("num_train_epochs", "0"), ("num_train_epochs", "-1"), ("num_train_epochs", "nan"),
        ("num_train_epochs", "1e300"), ("num_train_epochs", "inf"), ("max_steps", "0"),
        ("max_steps", "9223372036854775807"), ("per_device_train_batch_size", "-2"),
        ("per_device_train_batch_size", "9223372036854775807"),
        ("gradient_accumulation_steps", "9223372036854775807"), ("loss_reduction", "mean"),
        ("dataloader_drop_last", "yes"), ("dataloader_drop_last", "1"),
        ("learning_rate", "fast"), ("learning_rate", "-1e-3"), ("learning_rate", "nan"),
        ("learning_rate", "'1e-3'"), ("lr_scheduler_type", "cosin"), ("warmup_ratio", "3"),
        ("weight_decay", "-1"), ("adam_beta1", "1"), ("adam_beta2", "1.0"), ("adam_epsilon", "0"),
        ("max_grad_norm", "-1"), ("max_grad_norm", "nan"), ("max_grad_norm", "inf"),
        ("dtype", "float16"), ("dtype", "bf16"), ("gradient_checkpointing", "yes"),
        ("gradient_checkpointing", "1"), ("keep_best", "\"true\""),
        ("tensorboard", "off"), ("background_saves", "[]"), ("seed", "1.5"), ("tune", "full"),
        ("z_loss", "-1"), ("on_nonfinite", "ignore"), ("spike_factor", "-2"), ("ema_decay", "1"),
        ("eval_data_path", "7"), ("validation_split", "1"), ("eval_steps", "0"), ("threads", "0"),
        ("decay_ratio", "1.5"), ("learning_rates", "[1]"), ("weight_decays", "0.1"),
        ("seed", "many"), ("optim", "adam"), ("optimizer_in_backward", "1"),
        ("save_steps", "-1"), ("save_total_limit", "0"), ("logging_steps", "0"),
    ])
    func `a wrong value names file and key`(key: String, value: String) throws {
        let lines = Self.required.split(separator: "\n").filter { !$0.hasPrefix("\(key):") }
        let message = try failure(
            Array((lines.joined(separator: "\n") + "\n\(key): \(value)\n").utf8))
        #expect(message.contains("run.yaml: \(key)"), "\(message)")
        #expect(message.contains("expected"), "\(message)")
        #expect(message.isOneLine)
    }

    @Test(arguments: [
        ("lora_r", "0", "a rank from 1 to 65536"), ("lora_alpha", "0", "a number above 0"),
        ("lora_dropout", "1", "a probability from 0 to below 1"),
        ("lora_targets", "[]", "all-linear or names of layers such as [q_proj, v_proj]"),
        ("image_aspect_ratio", "wide", "square or pad"),
        ("bad_samples", "drop", #"one of "fail", "skip", "blank""#),
        ("bad_samples_limit", "1.5", "a number from 0 to 1"),
        ("dataloader_num_workers", "257", "a number from 1 to 256"),
        ("max_steps", "0", "a number from 1 to 1000000000"),
        ("dataloader_drop_last", "1", "true, false or former"),
        ("label_smoothing", "0.5", "a number from 0 to below 0.5"),
        ("label_smoothing", "2", "a number from 0 to 1"), ("z_loss", "-1", "a number from 0"),
        ("ema_decay", "1", "a number from 0 to below 1"), ("packing", "1", "true or false"),
        ("dtype", "float16", "float32 or bfloat16"), ("dtype", "16", "a string"),
        ("processes", "1025", "a number from 1 to 1024"), ("seed", "1.5", "an integer"),
        ("threads", "1025", "a number from 1 to 1024"),
        ("save_steps", "-1", "a number of updates, or 0 for none"),
        ("sample_steps", "-1", "a number of updates, or 0 for none"),
        ("sample_prompts", "[Hi]", "an object"), ("eval_data_path", "7", "a string"),
    ])
    func `a wrong value names what is expected`(key: String, value: String, words: String) throws {
        let message = try failure(Array((Self.required + "\(key): \(value)\n").utf8))
        #expect(message.contains("run.yaml: \(key)"), "\(message)")
        #expect(message.contains(": expected \(words), found "), "\(message)")
    }

    @Test(arguments: [
        ("tune: {tower: half}", "tune.tower: expected frozen, full, lora or last:N"),
        ("tune: {tower: last:0}", "tune.tower: expected"),
        ("tune: {towers: full}", "unknown key tune.towers; did you mean tower?"),
        ("learning_rates: {head: fast}", "learning_rates.head: expected a number"),
        ("learning_rates: {head: 2}", "learning_rates.head: expected a number from 0 to 1"),
        ("weight_decays: {all: 0.1}", "unknown key weight_decays.all"),
    ])
    func `a wrong value of a group names the group`(line: String, part: String) throws {
        let message = try failure(Array((Self.required + line + "\n").utf8))
        #expect(message.contains(part), "\(message)")
        #expect(message.isOneLine)
    }

    @Test func `a key with a line break makes one line`() throws {
        let message = try failure(Array((Self.required + "\"a\\nb\": 1\n").utf8))
        #expect(message.isOneLine, "\(message)")
    }
}

extension String {
    /// Whether there is no line break inside.
    var isOneLine: Bool { !contains(where: \.isNewline) }
}
