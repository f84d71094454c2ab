import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct TrainerRanksTests {
    /// A run whose micro-batch of all processes has six samples.
    private func run(
        _ tiny: TinyRun, _ folder: String, world: Int, _ mode: ShardingMode = .none
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(folder)
            $0.batchSize = 6 / world
            $0.sharding = mode
            $0.maximumGradientNorm = 1
            $0.savesInBackground = false
            $0.tensorBoard = false
        }
    }

    private func train(
        _ run: RunConfiguration, world: Int, stoppingAfter limit: Int? = nil
    ) throws -> [TrainingProgress] {
        guard world > 1 else { return try progress(run, stoppingAfter: limit) }
        return try inGroup(world) { group in
            var reports: [TrainingProgress] = []
            let trainer = try Trainer(run, group: group)
            // Only rank 0 is asked to stop; the others hear of it.
            _ = try trainer.train(
                shouldStop: { limit.map { reports.count >= $0 } ?? false && group.rank == 0 },
                report: { reports.append($0) })
            return reports
        }[0]
    }

    /// Norm of the difference of all weights as a share of their norm; see `largestDistance`.
    private func distance(_ found: RunConfiguration, _ expected: RunConfiguration) throws -> Double
    {
        func floats(_ run: RunConfiguration) throws -> [String: [Float]] {
            let file = try SafetensorsFile(path: "\(run.outputFolder)/model.safetensors")
            let names = file.entries.map(\.name).filter { !$0.hasSuffix("k_proj.bias") }
            return try Dictionary(
                uniqueKeysWithValues: names.map { ($0, try file.floats($0)) })
        }
        return try relativeDistance(floats(found), floats(expected))
    }

    @Test(arguments: ShardingMode.allCases, [2, 3])
    func `a run on several ranks ends as on one`(mode: ShardingMode, world: Int) throws {
        let tiny = try TinyRun()
        let alone = run(tiny, "alone", world: 1)
        let together = run(tiny, "together", world: world, mode)
        let expected = try train(alone, world: 1)
        let reports = try train(together, world: world)
        #expect(reports.map(\.step) == expected.map(\.step))
        for (found, expected) in zip(reports, expected) {
            #expect(found.supervisedTokens == expected.supervisedTokens)
            #expect(found.tokens == expected.tokens)
            #expect(abs(found.loss - expected.loss) <= 1e-6 * expected.loss)
            #expect(abs(found.gradientNorm - expected.gradientNorm) <= 1e-5 * expected.gradientNorm)
        }
        let found = try distance(together, alone)
        #expect(found <= 2e-6, "\(found)")
    }

    @Test(arguments: ShardingMode.allCases)
    func `a checkpoint of three ranks goes on with three, two and one`(mode: ShardingMode) throws {
        let tiny = try TinyRun()
        let alone = run(tiny, "alone", world: 1)
        _ = try train(alone, world: 1)
        let broken = run(tiny, "broken", world: 3, mode)
        #expect(try train(broken, world: 3, stoppingAfter: 3).count == 3)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: "\(broken.outputFolder)/checkpoint-3")
        #expect(names.count { $0.hasPrefix("optimizer-") } == (mode == .none ? 0 : 3))
        for world in [3, 2, 1] {
            let resumed = run(tiny, "resumed-\(world)", world: world, mode)
            try FileManager.default.copyItem(
                atPath: broken.outputFolder, toPath: resumed.outputFolder)
            #expect(try train(resumed, world: world).map(\.step) == [4, 5, 6])
            let found = try distance(resumed, alone)
            #expect(found <= 2e-6, "\(world) ranks: \(found)")
        }
    }

    @Test func `another batch than that of the checkpoint is refused with both numbers`() throws {
        let tiny = try TinyRun()
        let broken = run(tiny, "out", world: 3, .zero1)
        _ = try train(broken, world: 3, stoppingAfter: 2)
        let error = #expect(throws: TrainingError.self) {
            var changed = broken
            changed.batchSize = 5
            return try Trainer(changed)
        }
        #expect(
            error?.description.contains(
                "per_device_train_batch_size was 2 and is 5 with 3 processes then and 1 now")
                == true, "\(String(describing: error))")
    }

    @Test func `a checkpoint that is damaged in any shard is refused`() throws {
        let tiny = try TinyRun()
        let broken = run(tiny, "out", world: 2, .zero2)
        _ = try train(broken, world: 2, stoppingAfter: 2)
        let folder = "\(broken.outputFolder)/checkpoint-2"
        try AtomicFile.write("x", to: "\(folder)/optimizer-00002-of-00002.safetensors")
        #expect(throws: TrainingError.self) { try Trainer(broken, resume: .from(folder)) }
    }

    @Test func `dropout differs between ranks and resumes to the bit`() throws {
        let tiny = try TinyRun(dropout: 0.1)
        let whole = run(tiny, "whole", world: 2, .zero2)
        _ = try train(whole, world: 2)
        let broken = run(tiny, "broken", world: 2, .zero2)
        _ = try train(broken, world: 2, stoppingAfter: 3)
        _ = try train(broken, world: 2)
        #expect(try weights(of: broken.outputFolder) == weights(of: whole.outputFolder))
        let file = try SafetensorsFile(
            path: "\(whole.outputFolder)/checkpoint-4/optimizer.safetensors")
        let states = try ["generator", "generator.1"].map { try file.requiredEntry($0) }
        #expect(file.bytes(of: states[0]) != file.bytes(of: states[1]))
    }

    @Test func `a moving average needs all weights and says so`() throws {
        let tiny = try TinyRun()
        var averaged = run(tiny, "out", world: 2, .zero2)
        averaged.averageDecay = 0.9
        let configuration = averaged
        let messages = try inGroup(2) { group -> String in
            do {
                _ = try Trainer(configuration, group: group)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(messages[0].hasPrefix("ema_decay: expected none with sharding zero2"))
    }
}
