import Foundation
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// The update of each part of the model during the backward pass.
@Suite struct OptimizerInBackwardTests {
    private func weights(_ run: RunConfiguration) throws -> [String: [Float]] {
        let trainer = try Trainer(run, resume: .never)
        _ = try trainer.train()
        return try Dictionary(
            uniqueKeysWithValues: trainer.model.store.parameters.map {
                ($0.name, try $0.tensor.values())
            })
    }

    @Test(arguments: [DType.float32, .bfloat16], [false, true])
    func `the weights are those of the ordinary step to the bit`(
        dtype: DType, checkpointing: Bool
    ) throws {
        let tiny = try TinyRun(dropout: 0.1)
        let runs = [false, true].map { inBackward in
            tiny.with {
                $0.accumulation = 1
                $0.dtype = dtype
                $0.checkpointing = checkpointing
                $0.averageDecay = checkpointing ? 0.5 : nil
                $0.moments = checkpointing ? .eightBit : .float32
                $0.optimizer.weightDecay = 0.1
                $0.optimizerInBackward = inBackward
                $0.outputFolder += "-\(inBackward)"
            }
        }
        let found = try runs.map(weights)
        #expect(Set(found[0].keys) == Set(found[1].keys))
        for (name, values) in found[0] {
            #expect(haveSameBits(values, found[1][name] ?? []), "\(name)")
        }
    }

    @Test func `no gradient is left and the norm is reported`() throws {
        let tiny = try TinyRun()
        let runs = [false, true].map { inBackward in
            tiny.with {
                $0.accumulation = 1
                $0.maximumSteps = 1
                $0.optimizerInBackward = inBackward
                $0.outputFolder += "-\(inBackward)"
            }
        }
        var norms: [Double] = []
        for run in runs {
            let trainer = try Trainer(run, resume: .never)
            _ = try trainer.train(report: { norms.append($0.gradientNorm) })
            for (name, tensor) in trainer.model.store.parameters {
                #expect(try tensor.gradient() == nil, "\(name)")
            }
        }
        #expect(norms.count == 2 && norms[0] > 0.1)
        #expect(abs(norms[0] - norms[1]) < 1e-6 * norms[0])
    }

    @Test func `a loss that is not finite changes nothing`() throws {
        let tiny = try TinyRun()
        let trainer = try Trainer(
            tiny.with {
                $0.accumulation = 1
                $0.optimizerInBackward = true
            }, resume: .never)
        let bias = try #require(trainer.model.store["lm_head.bias"])
        try bias.assign(Tensor.full(bias.shape, .nan))
        let others = trainer.model.store.parameters.filter { $0.name != "lm_head.bias" }
        let before = try others.map { try $0.tensor.values(as: Float.self) }
        let error = #expect(throws: TrainingError.self) { try trainer.train() }
        #expect(error?.description.contains("the loss is nan") == true)
        #expect(error?.description.contains("no weight was changed") == true)
        let after = try others.map { try $0.tensor.values(as: Float.self) }
        #expect(zip(before, after).allSatisfy { haveSameBits($0, $1) })
    }

    @Test func `a gradient that is not finite ends the run and says what has changed`() throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.accumulation = 1
            $0.optimizerInBackward = true
            $0.saveSteps = 1
        }
        let trainer = try Trainer(run, resume: .never)
        // Logits of ordinary size, but a gradient of the states that overflows.
        let head = try #require(trainer.model.store["lm_head.weight"])
        var random = SplitMix64(seed: 1)
        let huge = (0..<head.elementCount).map { _ in
            Float(Bool.random(using: &random) ? 3e38 : -3e38)
        }
        try head.assign(Tensor(huge, shape: head.shape))
        let scale = try #require(trainer.model.store["model.final_layernorm.weight"])
        try scale.assign(Tensor.full(scale.shape, 2e-38))
        let error = #expect(throws: TrainingError.self) { try trainer.train() }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("update 1: the norm of the gradients of loss is"), "\(text)")
        #expect(text.contains("updated already") && text.contains("samples: s"), "\(text)")
        #expect(text.isOneLine)
        let names = try FileManager.default.contentsOfDirectory(atPath: run.outputFolder)
        #expect(!names.contains { $0.hasPrefix("checkpoint-") })
    }

    @Test(arguments: ["accumulation", "clipping", "skip"])
    func `what needs all gradients first is refused`(setting: String) throws {
        let tiny = try TinyRun()
        let run = tiny.with {
            $0.accumulation = setting == "accumulation" ? 2 : 1
            $0.maximumGradientNorm = setting == "clipping" ? 1 : 0
            $0.nonFinite = setting == "skip" ? .skip : .stop
            $0.optimizerInBackward = true
        }
        let error = #expect(throws: TrainingError.self) { try Trainer(run) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("optimizer_in_backward: needs"), "\(text)")
    }
}
