import MiphaCheckpoints
import MiphaFiles
import Testing

private enum Activation: String, CaseIterable {
    case exact = "gelu"
    case tanh = "gelu_new"
}

struct ConfigReaderTests {
    private func reader(_ text: String) throws -> ConfigReader {
        try ConfigReader(file: "config.json", value: JSONValue(parsing: text))
    }

    private func message(_ text: String, _ read: (ConfigReader) throws -> Void) -> String {
        checkpointError(text) { try read(reader(text)) }.message
    }

    @Test func `a published config is read`() throws {
        let config = try ConfigReader(contentsOf: Fixture.path("phi-config.json"))
        #expect(try config.int("hidden_size") == 2048)
        #expect(try config.double("layer_norm_eps") == 1e-5)
        #expect(try config.enumValue("hidden_act", of: Activation.self) == .tanh)
        #expect(try config.bool("tie_word_embeddings") == false)
        #expect(try config.optionalInt("num_key_value_heads") != 0)
        #expect(try config.int("no_such_key", default: 3) == 3)
        let tower = try ConfigReader(contentsOf: Fixture.path("siglip-config.json"))
            .object("vision_config")
        #expect(tower.path == "vision_config")
        #expect(try tower.int("patch_size") == 16)
    }

    @Test func `integral floats are integers and integers are doubles`() throws {
        let config = try reader(#"{"a": 1e3, "b": 80.0, "c": 3, "d": [1.0, 2], "e": [1, 2.5]}"#)
        #expect(try config.int("a") == 1000)
        #expect(try config.int("b") == 80)
        #expect(try config.double("c") == 3)
        #expect(try config.ints("d") == [1, 2])
        #expect(try config.doubles("e") == [1, 2.5])
    }

    @Test func `null counts as absent`() throws {
        let config = try reader(#"{"a": null}"#)
        #expect(!config.has("a"))
        #expect(try config.int("a", default: 5) == 5)
        #expect(try config.double("a", default: 0.5) == 0.5)
        #expect(try config.string("a", default: "x") == "x")
        #expect(try config.bool("a", default: true))
        #expect(try config.ints("a", default: [1]) == [1])
        #expect(try config.doubles("a", default: [1]) == [1])
        #expect(try config.strings("a", default: ["b"]) == ["b"])
        #expect(try config.enumValue("a", default: Activation.exact) == .exact)
        #expect(try config.optionalObject("a") == nil ? true : false)
        #expect(try config.optionalString("a") == nil)
        #expect(try config.optionalBool("a") == nil)
        #expect(try config.optionalDouble("a") == nil)
        #expect(
            message(#"{"a": null}"#) { _ = try $0.int("a") }
                == "config.json: a: expected an integer, found null")
    }

    @Test func `errors name file, key path, expected and found`() {
        let text =
            #"{"v": {"w": {"n": 2.5, "s": "x", "l": [1, "2"], "o": [{}, 1]}}, "act": "relu"}"#
        #expect(
            message(text) { _ = try $0.object("v").object("w").int("n") }
                == "config.json: v.w.n: expected an integer, found the number 2.5")
        #expect(
            message(text) { _ = try $0.object("v").object("w").double("s") }
                == "config.json: v.w.s: expected a number, found the string \"x\"")
        #expect(
            message(text) { _ = try $0.object("v").object("w").bool("n") }
                == "config.json: v.w.n: expected true or false, found the number 2.5")
        #expect(
            message(text) { _ = try $0.object("v").object("w").ints("l") }
                == "config.json: v.w.l[1]: expected an integer, found the string \"2\"")
        #expect(
            message(text) { _ = try $0.object("v").object("w").objects("o") }
                == "config.json: v.w.o[1]: expected an object, found the integer 1")
        #expect(
            message(text) { _ = try $0.object("act") }
                == "config.json: act: expected an object, found the string \"relu\"")
        #expect(
            message(text) { _ = try $0.string("v") }
                == "config.json: v: expected a string, found an object of 1 keys")
        #expect(
            message(text) { _ = try $0.strings("none") }
                == "config.json: none: expected an array of strings, found no such key")
        #expect(
            message(text) { _ = try $0.enumValue("act", of: Activation.self) }
                == "config.json: act: expected one of \"gelu\", \"gelu_new\", "
                + "found the string \"relu\"")
        #expect(
            message("[1]") { _ in }
                == "config.json: expected an object, found an array of 1")
        #expect(
            message(text) { throw $0.failure("act", expected: "a multiple of heads (3)") }
                == "config.json: act: expected a multiple of heads (3), "
                + "found the string \"relu\"")
    }

    @Test func `unknown keys are refused with the nearest known one`() throws {
        let text = #"{"learning_rat": 1}"#
        #expect(
            message(text) { try $0.refuseUnknownKeys(known: ["epochs", "learning_rate"]) }
                == "config.json: unknown key learning_rat; did you mean learning_rate?")
        #expect(
            message(#"{"a": {"qqqqqq": 1}}"#) {
                try $0.object("a").refuseUnknownKeys(known: ["epochs", "seed"])
            } == "config.json: unknown key a.qqqqqq; known keys: epochs, seed")
        try reader(text).refuseUnknownKeys(known: ["learning_rat"])
        // A Cyrillic letter, and spaces that cannot be seen.
        for (key, shown) in [
            ("se\u{435}d", "\"se\u{435}d\" (character 3 is U+0435)"),
            ("seed ", "\"seed \" (character 5 is U+0020)"),
            ("se\u{A0}d", "\"se\\u{a0}d\" (character 3 is U+00A0)"),
        ] {
            #expect(
                message("{\"\(key)\": 1}") { try $0.refuseUnknownKeys(known: ["seed"]) }
                    == "config.json: unknown key \(shown); did you mean seed?")
        }
    }

    @Test func `renamed keys are found under either spelling`() throws {
        let config = try reader(#"{"torch_dtype": "float16"}"#)
        #expect(config.spelling("dtype", "torch_dtype") == "torch_dtype")
        #expect(config.spelling("x", "y") == "x")
    }
}
