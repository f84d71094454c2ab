import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct TrainerRanksTests {
    /// A run whose updates have six samples, in micro-batches of two.
    private func run(
        _ tiny: TinyRun, _ folder: String, world: Int, _ mode: ShardingMode = .none
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(folder)
            $0.batchSize = 2
            $0.accumulation = world == 1 ? 3 : 1
            $0.sharding = mode
            $0.maximumGradientNorm = 1
            $0.tensorBoard = false
        }
    }

    private func incidents(_ run: RunConfiguration) throws -> [JSONValue] {
        let path = "\(run.outputFolder)/incidents.jsonl"
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    @Test(arguments: ShardingMode.allCases, [2, 3])
    func `a run on several ranks ends as on one to the bit`(
        mode: ShardingMode, world: Int
    ) throws {
        let tiny = try TinyRun()
        var alone = run(tiny, "alone", world: 1)
        var together = run(tiny, "together", world: world, mode)
        alone.accumulation = world
        together.averageDecay = 0.9
        alone.averageDecay = 0.9
        let expected = try train(alone, world: 1)
        let reports = try train(together, world: world)
        #expect(reports.map(\.step) == expected.map(\.step))
        for (found, expected) in zip(reports, expected) {
            #expect(found.supervisedTokens == expected.supervisedTokens)
            #expect(found.tokens == expected.tokens)
            #expect(abs(found.loss - expected.loss) <= roundingOfSums * expected.loss)
            #expect(
                abs(found.gradientNorm - expected.gradientNorm)
                    <= roundingOfSums * expected.gradientNorm)
        }
        for part in ["", "/ema"] {
            let found = try weights(of: together.outputFolder + part)
            try requireSame(found, weights(of: alone.outputFolder + part), part)
        }
    }

    private func requireSame(
        _ found: [String: [UInt8]], _ expected: [String: [UInt8]], _ words: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        if Device.underTest.isAccelerator {
            let distance = distance(found, expected)
            #expect(distance <= roundingOfSums, "\(words): \(distance)", sourceLocation: location)
        } else {
            #expect(found == expected, "\(words)", sourceLocation: location)
        }
    }

    @Test(arguments: ShardingMode.allCases)
    func `one micro-batch or one for each rank make a difference of rounding only`(
        mode: ShardingMode
    ) throws {
        let tiny = try TinyRun()
        var alone = run(tiny, "alone", world: 3)
        alone.batchSize = 6
        let together = run(tiny, "together", world: 3, mode)
        _ = try train(alone, world: 1)
        _ = try train(together, world: 3)
        func floats(_ run: RunConfiguration) throws -> [String: [Float]] {
            let file = try SafetensorsFile(path: "\(run.outputFolder)/model.safetensors")
            let names = file.entries.map(\.name).filter { !$0.hasSuffix("k_proj.bias") }
            return try Dictionary(
                uniqueKeysWithValues: names.map { ($0, try file.floats($0)) })
        }
        let found = try relativeDistance(floats(together), floats(alone))
        #expect(found <= 1e-6, "\(found)")
    }

    @Test(arguments: ShardingMode.allCases, [false, true])
    func `a checkpoint of three ranks goes on with three, two and one to the bit`(
        mode: ShardingMode, inBackground: Bool
    ) throws {
        let tiny = try TinyRun()
        func run(_ folder: String, world: Int) -> RunConfiguration {
            var run = self.run(tiny, folder, world: 1, mode)
            run.batchSize = 1
            run.accumulation = 6 / world
            run.averageDecay = 0.9
            run.savesInBackground = inBackground
            return run
        }
        let alone = run("alone", world: 1)
        _ = try train(alone, world: 1)
        let broken = run("broken", world: 3)
        #expect(try train(broken, world: 3, stoppingAfter: 3).count == 3)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: "\(broken.outputFolder)/checkpoint-3")
        #expect(names.count { $0.hasPrefix("optimizer-") } == (mode == .none ? 0 : 3))
        for world in [3, 2, 1] {
            let resumed = run("resumed-\(world)", world: world)
            try FileManager.default.copyItem(
                atPath: broken.outputFolder, toPath: resumed.outputFolder)
            #expect(try train(resumed, world: world).map(\.step) == [4, 5, 6])
            for part in ["", "/ema"] {
                let found = try weights(of: resumed.outputFolder + part)
                let expected = try weights(of: alone.outputFolder + part)
                // Unshared gradients of several micro-batches are added up in each rank first.
                if mode == .zero2 || mode == .zero3 {
                    try requireSame(found, expected, "\(world) ranks\(part)")
                } else {
                    let distance = distance(found, expected)
                    #expect(distance <= 1e-6, "\(world) ranks\(part): \(distance)")
                }
            }
        }
    }

    /// Norm of the difference of all weights as a share of their norm; see `largestDistance`.
    private func distance(_ found: [String: [UInt8]], _ expected: [String: [UInt8]]) -> Double {
        func floats(_ weights: [String: [UInt8]]) -> [String: [Float]] {
            weights.filter { !$0.key.hasSuffix("k_proj.bias") }.mapValues { bytes in
                stride(from: 0, to: bytes.count, by: 4).map { place in
                    let bits = (0..<4).reduce(UInt32(0)) {
                        $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1)
                    }
                    return Float(bitPattern: bits)
                }
            }
        }
        return relativeDistance(floats(found), floats(expected))
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
        #expect(throws: TrainingError.self) {
            var changed = broken
            changed.accumulation = 2
            return try Trainer(changed)
        }
        // Twelve samples are not whole updates of nine; the former rule dealt the rest otherwise.
        for (end, isSame) in [(EpochEnd.former, false), (.kept, true)] {
            let odd = run(tiny, "odd-\(end)", world: 3).with {
                $0.batchSize = 3
                $0.epochEnd = end
            }
            _ = try train(odd, world: 3, stoppingAfter: 2)
            let alone = odd.with { $0.accumulation = 3 }
            if isSame {
                #expect(try Trainer(alone).firstStep == 2)
            } else {
                #expect(throws: TrainingError.self) { try Trainer(alone) }
            }
        }
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

    @Test(arguments: [ShardingMode.none, .zero3])
    func `ranks share the validation data`(mode: ShardingMode) throws {
        let tiny = try TinyRun()
        let alone = run(tiny, "alone", world: 1).with {
            $0.validationFiles = $0.dataFiles
            $0.evaluationSteps = 3
        }
        let together = run(tiny, "together", world: 3, mode).with {
            $0.validationFiles = $0.dataFiles
            $0.evaluationSteps = 3
        }
        let expected = try train(alone, world: 1).compactMap(\.validationLoss)
        let found = try train(together, world: 3).compactMap(\.validationLoss)
        #expect(found.count == 2)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * $1 })
    }

    @Test func `features that ranks keep in one folder change no bit`() throws {
        let tiny = try TinyRun()
        let numbers = [0, 1, 2, 4, 5, 6, 8, 9, 10, 0, 1, 2]
        let captions = try tiny.data(
            "captions.json",
            numbers.map { Conversation("<image>", "picture \($0)", pictures: ["\($0).png"]) })
        func align(_ name: String, _ mode: ShardingMode, _ folder: String?) -> RunConfiguration {
            run(tiny, name, world: 2, mode).with {
                $0.stage = .align
                $0.dataFiles = [captions]
                $0.featureFolder = folder
            }
        }
        let folder = tiny.folder.file("features")
        let plain = align("plain", .none, nil)
        _ = try train(plain, world: 2)
        for (name, mode) in [("first", ShardingMode.none), ("second", .zero3)] {
            let kept = align(name, mode, folder)
            _ = try train(kept, world: 2)
            try requireSame(
                weights(of: kept.outputFolder), weights(of: plain.outputFolder), name)
        }
        let entries = try FileManager.default.subpathsOfDirectory(atPath: folder)
        #expect(entries.count { $0.hasSuffix(".features") } == 9)
        #expect(!entries.contains { $0.hasSuffix(".partial") })
    }

    @Test func `bad samples of all ranks are recorded with their rank`() throws {
        let tiny = try TinyRun()
        for number in [0, 1, 2, 4, 5, 6] {
            try FileManager.default.removeItem(atPath: tiny.folder.file("images/\(number).png"))
        }
        let skipping = run(tiny, "out", world: 3).with {
            $0.badSamples = .skip
            $0.maximumSteps = nil
        }
        _ = try train(skipping, world: 3)
        let lines = try incidents(skipping)
        #expect(lines.allSatisfy { $0["kind"] == "bad_sample" })
        let names = lines.compactMap { $0["samples"]?.arrayValue?.first?.stringValue }
        #expect(names.sorted() == ["s0", "s1", "s2", "s4", "s5", "s6"])
        let ranks = Set(lines.map { $0["rank"]?.integerValue ?? 0 })
        #expect(ranks.isSubset(of: [0, 1, 2]) && ranks.count > 1)
    }

    @Test func `a sample that one rank cannot read ends the job with a checkpoint`() throws {
        let tiny = try TinyRun()
        let strict = run(tiny, "strict", world: 2).with { $0.saveSteps = 0 }
        // A sample of the third update.
        let late = try #require(
            Trainer(run(tiny, "order", world: 1)).plan.order(epoch: 0)[8...].first { $0 % 4 != 3 })
        try FileManager.default.removeItem(atPath: tiny.folder.file("images/\(late).png"))
        let errors = try inGroup(2) { group in
            let trainer = try Trainer(strict, group: group)
            do {
                _ = try trainer.train()
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(errors.count { $0.contains("\(late).png") } == 1, "\(errors)")
        #expect(errors.count { $0.contains("another process") } == 1, "\(errors)")
        #expect(
            FileManager.default.fileExists(
                atPath: "\(strict.outputFolder)/checkpoint-2/trainer_state.json"))
    }

    /// Trains on two ranks and changes the weights of rank 1 before an update.
    private func spoil(
        _ run: RunConfiguration, at update: Int,
        _ change: @escaping @Sendable (Tensor) throws -> Void
    ) throws -> [String] {
        try inGroup(2) { group in
            let trainer = try Trainer(run, group: group)
            var updates = 0
            do {
                _ = try trainer.train(shouldStop: {
                    updates += 1
                    if group.rank == 1, updates == update,
                        let weight = trainer.model.store["lm_head.weight"]
                    {
                        try? withoutGradients { try change(weight) }
                    }
                    return false
                })
                return ""
            } catch {
                return "\(error)"
            }
        }
    }

    @Test func `a loss that is not a number is blamed on the samples of its rank`() throws {
        let tiny = try TinyRun()
        let configuration = run(tiny, "out", world: 2)
        let messages = try spoil(configuration, at: 5) {
            try $0.assign(Tensor.full($0.shape, .nan))
        }
        let plan = BatchPlan(
            sampleCount: 12, batchSize: 2, accumulation: 1, world: 2, seed: configuration.seed,
            epochs: 1, steps: 6)
        let expected = plan.microBatches(
            step: 4, order: plan.order(epoch: plan.epoch(ofStep: 4)), rank: 1
        ).joined().map { "s\($0)" }
        for message in messages {
            #expect(message.hasPrefix("update 5: the loss is nan"), "\(message)")
            #expect(
                message.hasSuffix("samples: " + expected.joined(separator: ", ")), "\(message)")
        }
    }

    @Test func `a loss spike is recorded with the samples of the rank that had it`() throws {
        let tiny = try TinyRun()
        let configuration = run(tiny, "out", world: 2).with { $0.maximumSteps = 20 }
        _ = try spoil(configuration, at: 18) { try $0.scale(by: 1000) }
        let spikes = try incidents(configuration).filter { $0["kind"] == "loss_spike" }
        let first = try #require(spikes.first)
        #expect(first["step"] == 18)
        #expect(first["rank"] == 1)
        #expect(first["samples"]?.arrayValue?.count == 2)
    }
}
