import MiphaCheckpoints
import MiphaFiles
import Testing

struct KeyMapTests {
    private func mapError(_ rules: [KeyRule]) -> String {
        let error = checkpointError { _ = try KeyMap(dialect: "d", rules: rules) }
        #expect(error.code == .invalidKeyMap)
        #expect(error.message.hasPrefix("key map d: "))
        return error.message
    }

    private func mipha() throws -> KeyMap {
        try KeyMap(
            dialect: "mipha",
            rules: [
                .rename("model.embed_tokens.weight", to: "language.embeddings.weight"),
                .rename("model.layers.{}.{*}", to: "language.layers.{}.{*}"),
                .rename(
                    "model.vision_tower.vision_model.encoder.layers.{}.{*}",
                    to: "vision.blocks.{}.{*}"),
                .rename("model.mm_projector.{}.{*}", to: "projector.{}.{*}"),
                .drop("model.layers.{}.self_attn.rotary_emb.inv_freq"),
                .drop("model.vision_tower.vision_model.embeddings.position_ids"),
                .keep("lm_head.{*}"),
            ])
    }

    @Test func `names go to canonical names and back`() throws {
        let map = try mipha()
        var names = ["model.embed_tokens.weight", "lm_head.weight", "lm_head.bias"]
        for layer in [0, 1, 9, 10, 31, 105] {
            names.append("model.layers.\(layer).self_attn.q_proj.weight")
            names.append(
                "model.vision_tower.vision_model.encoder.layers.\(layer).mlp.fc1.bias")
            names.append("model.mm_projector.\(layer).weight")
        }
        var seen: Set<String> = []
        for name in names {
            guard case .name(let canonical) = map.canonical(name) else {
                Issue.record("\(name) is \(map.canonical(name))")
                continue
            }
            #expect(seen.insert(canonical).inserted)
            #expect(map.external(canonical) == name)
        }
        #expect(
            map.canonical("model.layers.7.mlp.fc1.weight")
                == .name("language.layers.7.mlp.fc1.weight"))
        #expect(map.external("vision.blocks.3.x") != nil)
    }

    @Test func `dropped and unknown names are distinguished`() throws {
        let map = try mipha()
        #expect(map.canonical("model.layers.3.self_attn.rotary_emb.inv_freq") == .dropped)
        #expect(
            map.canonical("model.vision_tower.vision_model.embeddings.position_ids") == .dropped)
        #expect(map.external("language.layers.3.self_attn.rotary_emb.inv_freq") == nil)
        for name in [
            "", "model", "model.layers.x.a", "model.layers..a", "model.layers.1.",
            "model.layers.01.a", "model.layers.-1.a", "model.layers.1", "xmodel.layers.1.a",
            "lm_head.", "lm_head", "model.embed_tokens.weight2", "Model.layers.1.a",
        ] {
            #expect(map.canonical(name) == .unknown, "\(name)")
        }
        #expect(map.external("nothing.here") == nil)
    }

    @Test func `two rules for one name are refused`() {
        #expect(
            mapError([.keep("a.{*}"), .rename("a.b.{*}", to: "c.{*}")])
                == "key map d: \"a.{*}\" and \"a.b.{*}\" match the same external name")
        #expect(
            mapError([.rename("a.{}", to: "x.{}"), .rename("b.{}", to: "x.{}")])
                == "key map d: \"x.{}\" and \"x.{}\" give the same canonical name")
        #expect(mapError([.keep("a.{}"), .keep("a.7")]).contains("match the same"))
        #expect(mapError([.keep("a.{}.b"), .keep("a.0.{*}")]).contains("match the same"))
        #expect(mapError([.keep("{}.x.{}"), .keep("{}.x.{*}")]).contains("match the same"))
        #expect(mapError([.keep("{*}"), .keep("z")]).contains("match the same"))
        #expect(mapError([.drop("a"), .drop("a")]).contains("drop the same name"))
        #expect(mapError([.keep("a"), .drop("a")]).contains("no exception"))
        #expect(mapError([.keep("a.{}"), .drop("a.{*}")]).contains("no exception"))
        #expect(mapError([.keep("a.{}.{*}"), .drop("a.5{*}")]).contains("no exception"))
    }

    @Test func `rules that merely look alike are accepted`() throws {
        let map = try KeyMap(
            dialect: "d",
            rules: [
                .keep("a.{}"), .keep("a.x"), .keep("a.{}.b"), .keep("a.{}.c"), .keep("a.01"),
                .rename("q{}", to: "r{}"), .rename("q{}.weight", to: "s{}.weight"),
                .keep("é.{}"), .drop("t.{*}"), .keep("t"), .keep("a.00"),
            ])
        #expect(map.canonical("a.0") == .name("a.0"))
        #expect(map.canonical("a.01") == .name("a.01"))
        #expect(map.canonical("a.12.c") == .name("a.12.c"))
        #expect(map.canonical("q12") == .name("r12"))
        #expect(map.canonical("q12.weight") == .name("s12.weight"))
        #expect(map.canonical("é.4") == .name("é.4"))
        #expect(map.canonical("t.weight") == .dropped)
        #expect(map.canonical("t") == .name("t"))
    }

    @Test func `malformed patterns are refused`() {
        #expect(mapError([.keep("")]).contains("is empty"))
        #expect(mapError([.keep("a{*}b")]).contains("{*} must stand at the end"))
        #expect(mapError([.keep("a{*}{*}")]).contains("{*} must stand at the end"))
        #expect(mapError([.keep("a{}{}")]).contains("not a digit"))
        #expect(mapError([.keep("a{}5")]).contains("not a digit"))
        #expect(mapError([.keep("a{}{*}")]).contains("not a digit"))
        #expect(mapError([.keep("a{b}")]).contains("braces"))
        #expect(mapError([.keep("a}")]).contains("braces"))
        #expect(mapError([.rename("a.{}", to: "b")]).contains("different wildcards"))
        #expect(mapError([.rename("a.{}", to: "b.{*}")]).contains("different wildcards"))
        #expect(mapError([.rename("a.{}", to: "b.{}.{}")]).contains("different wildcards"))
    }

    @Test func `overlap of random patterns agrees with trying all short names`() throws {
        var generator = SplitMix64(seed: 2)
        let pieces = ["a", "0", "1", "."]
        var names = [""]
        for _ in 0..<6 {
            names += names.filter { $0.count > 0 || names.count == 1 }.flatMap { name in
                pieces.map { name + $0 }
            }; names = Array(Set(names))
        }
        names = names.filter { !$0.isEmpty && $0.count <= 6 }
        #expect(names.count > 1000)
        func pattern() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                text +=
                    ["a", "0", "1", ".", "{}.", "{}a", "a.", "{}."]
                    .randomElement(using: &generator) ?? ""
            }
            return text + (["", "", "{}", "{*}"].randomElement(using: &generator) ?? "")
        }
        var overlapping = 0
        for _ in 0..<150 {
            let first = pattern()
            let second = pattern()
            guard let left = try? KeyMap(dialect: "l", rules: [.keep(first)]),
                let right = try? KeyMap(dialect: "r", rules: [.keep(second)])
            else { continue }
            let shared = names.contains {
                left.canonical($0) != .unknown && right.canonical($0) != .unknown
            }
            let both = try? KeyMap(dialect: "b", rules: [.keep(first), .keep(second)])
            if shared {
                overlapping += 1
                #expect(both == nil, "\(first) and \(second) overlap")
            } else if first.count + second.count < 8 {
                #expect(both != nil, "\(first) and \(second) are apart")
            }
        }
        #expect(overlapping > 5)
    }
}
