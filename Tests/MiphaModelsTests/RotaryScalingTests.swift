import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import Testing

/// Scaled rotary positions of configs: what is computed, written and refused.
@Suite struct RotaryScalingTests {
    private struct Case {
        let name: String
        let old: JSONValue
        let new: JSONValue
        let results: [JSONValue]
    }

    private static func cases() throws -> (width: Int, cases: [Case]) {
        let table = try JSONValue(contentsOf: PackagePaths.fixture("rotary/scaling.json"))
        let cases = try #require(table["cases"]?.arrayValue).map { entry in
            Case(
                name: try #require(entry["name"]?.stringValue), old: try #require(entry["old"]),
                new: try #require(entry["new"]),
                results: try #require(entry["results"]?.arrayValue))
        }
        return (try #require(table["width"]?.integerValue), cases)
    }

    private static func config(_ value: JSONValue) throws -> LlamaConfig {
        try LlamaConfig(ConfigReader(file: "f", value: value), in: .llava)
    }

    @Test func `the files are those of the manifest`() throws {
        let manifest = try GoldenManifest("rotary")
        #expect(try manifest.files.flatMap { try manifest.problems(of: $0) } == [])
        #expect(manifest.unlisted() == [])
    }

    @Test func `frequencies are those of transformers, from both dialects`() throws {
        let (width, cases) = try Self.cases()
        #expect(cases.count >= 7)
        for entry in cases {
            for value in [entry.old, entry.new] {
                let config = try Self.config(value)
                let rule = try #require(config.decoder.rotary.scaling?.rule, "\(entry.name)")
                for result in entry.results {
                    let length = try #require(result["length"]?.integerValue)
                    let expected = try #require(result["frequencies"]?.arrayValue)
                        .map { Float(try #require($0.doubleValue)) }
                    let found = try rule.frequencies(
                        width: width, theta: config.ropeTheta, length: length)
                    let comparison = Comparison(
                        "\(entry.name), \(length)", found, expected,
                        Tolerance(relative: 1e-6, absolute: 1e-12))
                    #expect(comparison.passes, "\(comparison)")
                    // Small frequencies matter as much as large ones.
                    for (one, other) in zip(found, expected) {
                        #expect(abs(one - other) <= 2e-6 * other, "\(entry.name), \(length)")
                    }
                    let magnitude = try #require(result["magnitude"]?.doubleValue)
                    #expect(abs(rule.magnitude - magnitude) < 1e-9, "\(entry.name)")
                }
            }
        }
    }

    @Test func `a scaling is written in both dialects and comes back`() throws {
        for entry in try Self.cases().cases {
            let config = try Self.config(entry.old)
            let written = try Self.config(.object(config.json))
            #expect(written == config, "\(entry.name)")
            let scaling = try #require(config.json["rope_scaling"]?.objectValue)
            #expect(config.json["rope_parameters"] == nil)
            if let stated = entry.old["rope_scaling"]?.objectValue {
                for member in scaling.members {
                    #expect(stated[member.key] == member.value, "\(entry.name): \(member.key)")
                }
            }
            var fresh = try #require(entry.new.objectValue)
            fresh["rope_parameters"] = .object(config.rotaryParameters)
            let again = try Self.config(.object(fresh))
            #expect(again.decoder.rotary.scaling?.rule == config.decoder.rotary.scaling?.rule)
            #expect(again.ropeTheta == config.ropeTheta)
        }
    }

    private static let wrong: [(scaling: JSONValue, named: String)] = [
        (["type": "ntk"], "type"), (["rope_type": "linear", "type": "dynamic"], "type"),
        (["type": "linear"], "factor"), (["type": "linear", "factor": 0.5], "factor"),
        (["type": "linear", "factor": "4"], "factor"), (["type": "dynamic"], "factor"),
        (["rope_type": "llama3", "factor": 8, "high_freq_factor": 4], "low_freq_factor"),
        (
            ["rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4],
            "high_freq_factor"
        ),
        (["type": "yarn"], "factor"), (["type": "yarn", "factor": 4, "beta_fast": 0], "beta_fast"),
        (
            ["type": "yarn", "factor": 4, "original_max_position_embeddings": 0],
            "original_max_position_embeddings"
        ),
        (["type": "longrope", "short_factor": [1, 1]], "short_factor"),
        (
            ["type": "su", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 0]],
            "long_factor"
        ),
    ]

    @Test(arguments: wrong.indices, ["rope_scaling", "rope_parameters"])
    func `what cannot be computed is refused by its field`(_ index: Int, _ key: String) throws {
        let (scaling, named) = Self.wrong[index]
        let value: JSONValue = [
            "hidden_size": 16, "num_attention_heads": 2, "vocab_size": 9, "intermediate_size": 8,
            "num_hidden_layers": 1,
        ]
        var object = try #require(value.objectValue)
        object[key] = scaling
        let error = try #require(
            #expect(throws: CheckpointError.self) { try Self.config(.object(object)) })
        #expect(error.message.hasPrefix("f: \(key).\(named): expected"), "\(error)")
    }

    @Test func `positions that are not scaled are written as before`() throws {
        let value: JSONValue = ["rope_theta": 5000.0]
        let config = try Self.config(value)
        #expect(config.decoder.rotary.scaling == nil)
        #expect(config.json["rope_scaling"] == .null)
        #expect(
            JSONValue.object(config.rotaryParameters)
                == ["rope_theta": 5000.0, "rope_type": "default"])
    }
}
