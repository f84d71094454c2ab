import Foundation
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Which layers of a run get adapters.
@Suite struct AdapterTargetRunTests {
    private func run(
        _ tiny: TinyRun, _ kind: AdapterRunTests.Kind, _ folder: String = "out",
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) -> RunConfiguration {
        tiny.with {
            kind.change(&$0)
            $0.outputFolder = tiny.folder.file(folder)
            change(&$0)
        }
    }

    @Test func `adapters of head and embedding table learn, alone or beside others`() throws {
        let tiny = try TinyRun()
        let run = run(tiny, .ends)
        let trainer = try Trainer(run)
        let layers = trainer.model.store.adapters.keys
        #expect(layers.contains("lm_head") && layers.contains("model.embed_tokens"))
        let base = "model.embed_tokens.weight"
        #expect(!trainer.trainable.contains(base) && !trainer.trainable.contains("lm_head.weight"))
        for name in ["lm_head.lora_B.weight", "model.embed_tokens.lora_embedding_A"] {
            #expect(trainer.trainable.contains(name))
            #expect(try trainer.model.store[name]?.absoluteMaximum() == 0)
        }
        #expect(try trainer.train() == .completed)
        for name in ["lm_head.lora_B.weight", "model.embed_tokens.lora_embedding_A"] {
            #expect(try trainer.model.store[name]?.absoluteMaximum() ?? 0 > 0)
        }
        let head = self.run(tiny, .lora, "head") {
            $0.tune = [.tower: .frozen, .language: .frozen, .head: .lora]
        }
        #expect(try Array(Trainer(head).model.store.adapters.keys) == ["lm_head"])
        let few = self.run(tiny, .ends, "few") { $0.base.isFourBit = true }
        let held = try Trainer(few).model.store.quantized.keys
        #expect(held.count > 0 && held.allSatisfy { $0.contains(".layers.") })
    }

    @Test(
        arguments: [
            (["lm_head"], [:], "lora_targets: lm_head is of the group head, which is frozen"),
            (["all-linear", "q_proj"], [:], "lora_targets: expected all-linear alone or names"),
            (
                ["embed_tokens"], [.language: .full, .tower: .lora],
                "lora_targets: embed_tokens is of the group language, which is full"
            ),
            (["q_proj"], [.head: .lora], "tune.head: lora, but no adapter was attached"),
            (["fc3"], [:], "no layer in language is called fc3; there are dense, "),
        ] as [([String], [ModelPart: TuningMode], String)])
    func `targets that no group has are refused with what helps`(
        _ targets: [String], _ tune: [ModelPart: TuningMode], _ message: String
    ) throws {
        let tiny = try TinyRun()
        let run = run(tiny, .lora) {
            $0.tune = tune
            $0.adapters.targets = targets
        }
        let error = try #require(throws: (any Error).self) { try Trainer(run) }
        #expect("\(error)".contains(message), "\(error)")
    }

    @Test func `a target that is named twice counts once`() throws {
        let folder = try TemporaryFolder()
        try "lora_targets: [q_proj, fc1, q_proj]\n".write(
            toFile: folder.file("run.yaml"), atomically: true, encoding: .utf8)
        let run = try RunConfiguration(
            contentsOf: folder.file("run.yaml"),
            overrides: ["model=m", "output_dir=o", "data_path=d", "stage=instruct-lora"])
        #expect(run.adapters.targets == ["q_proj", "fc1"])
    }
}
