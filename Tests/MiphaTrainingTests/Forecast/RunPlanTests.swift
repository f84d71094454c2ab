import Foundation
import MiphaFiles
import MiphaFolders
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

struct RunPlanTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
    }

    private func plan(
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunPlan {
        var run = tiny.run
        change(&run)
        return try RunPlan(run, base: 0)
    }

    @Test func `updates, warm-up and tokens are those of the run`() throws {
        let plan = try plan()
        let reports = try progress(tiny.run)
        #expect(plan.totalSteps == reports.count)
        #expect(plan.tokens == reports.reduce(0) { $0 + $1.tokens })
        #expect(plan.tokensAreCounted)
        #expect(plan.sampleCount == 12)
        #expect(plan.epochs == 2)
        #expect(plan.warmupSteps == 1)
        #expect(plan.table == Array(try Trainer(tiny.run).description.dropFirst()))
    }

    @Test(arguments: [
        (1_000_000_000, 1_000_000_000, 10), (1_000_000_000, 1_000_000_000, 1),
        (1, 1_000_000_000, 2), (.max, .max, .max),
    ])
    func `an update of more samples than can be counted is refused by its keys`(
        _ batch: Int, _ accumulation: Int, _ world: Int
    ) throws {
        var run = tiny.run
        (run.batchSize, run.accumulation) = (batch, accumulation)
        let error = try #require(throws: TrainingError.self) {
            try RunPlan(run, world: world, base: 0)
        }
        #expect(
            "\(error)".hasPrefix(
                "per_device_train_batch_size x gradient_accumulation_steps x processes: expected at "
                    + "most 1000000000 samples in an update, found \(batch) x \(accumulation) x "),
            "\(error)")
    }

    @Test func `a model without weight files is planned by its config`() throws {
        let whole = try plan()
        let folder = try TemporaryFolder()
        let bare = try folder.copy(of: tiny.run.model, named: "bare")
        try FileManager.default.removeItem(atPath: "\(bare)/model.safetensors")
        let planned = try plan { $0.model = bare }
        #expect(planned.memory.parts == whole.memory.parts)
        #expect(planned.table == whole.table && planned.disk.modelBytes == whole.disk.modelBytes)
        let note = "\(bare) has no weight files: shapes are those of its config"
        #expect(planned.notes == whole.notes + [note])
        // A run needs them, and other formats are not passed over.
        #expect(throws: (any Error).self) {
            try RunPlan.requireRoomForState(
                tiny.with { $0.model = bare }, on: .cpu,
                MachineMemory(available: .max, source: "given by a test"))
        }
        try AtomicFile.write("", to: "\(bare)/pytorch_model.bin")
        #expect(throws: (any Error).self) { try self.plan { $0.model = bare } }
    }

    @Test func `tokens of large data follow from words`() throws {
        let counted = try plan()
        let estimated = try RunPlan(tiny.run, base: 0, countingUpTo: 5)
        #expect(!estimated.tokensAreCounted)
        let error = Double(estimated.tokens) / Double(counted.tokens) - 1
        #expect(abs(error) < 0.1, "\(estimated.tokens) \(counted.tokens)")
    }

    @Test func `tokens of a part of large data follow from words too`() throws {
        var run = tiny.run
        run.validationSplit = 0.25
        run.evaluationSteps = 100
        let counted = try RunPlan(run, base: 0)
        let estimated = try RunPlan(run, base: 0, countingUpTo: 5)
        #expect(estimated.tokens != counted.tokens)
        let error = Double(estimated.tokens) / Double(counted.tokens) - 1
        #expect(abs(error) < 0.1, "\(estimated.tokens) \(counted.tokens)")
    }

    @Test func `both rows of pairs are planned`() throws {
        let run = try tiny.preference()
        let plan = try RunPlan(run, base: 0)
        let reports = try progress(run)
        #expect(plan.tokens == reports.reduce(0) { $0 + $1.tokens })
        let estimated = try RunPlan(run, base: 0, countingUpTo: 5)
        let error = Double(estimated.tokens) / Double(plan.tokens) - 1
        #expect(abs(error) < 0.1, "\(estimated.tokens) \(plan.tokens)")
    }

    /// A device has no moments in 8 bits.
    private static let moments: [MomentFormat] =
        Device.underTest.isAccelerator ? [.float32] : MomentFormat.allCases

    @Test(arguments: Self.moments)
    func `disk is that of the files the run writes`(moments: MomentFormat) throws {
        var run = tiny.run
        run.averageDecay = 0.9
        run.moments = moments
        let plan = try RunPlan(run, base: 0)
        try progress(run)
        func size(_ name: String) throws -> Int {
            try FileSystem.size("\(run.outputFolder)/\(name)")
        }
        let checkpoint =
            try size("checkpoint-6/model.safetensors") + size("checkpoint-6/ema.safetensors")
            + size("checkpoint-6/optimizer.safetensors")
        #expect(plan.disk.checkpoints == 3)
        for (planned, found) in [
            (plan.disk.checkpointBytes, checkpoint),
            (plan.disk.modelBytes, try size("model.safetensors")),
            (plan.disk.averageBytes, try size("ema/model.safetensors")),
        ] {
            // Headers of many small tensors, and a counter and a generator beside the moments.
            #expect((0..<60_000).contains(found - planned), "\(found) \(planned)")
        }
    }

    @Test func `what does not fit is refused with settings that do`() throws {
        let plan = try plan { ($0.batchSize, $0.accumulation) = (12, 1) }
        let peak = plan.memory.peak.bytes
        try plan.requireFit(MachineMemory(available: peak, source: "here"))
        let small = try self.plan { ($0.batchSize, $0.accumulation) = (1, 12) }
        let between = (peak + small.memory.peak.bytes) / 2
        #expect(throws: TrainingError.self) {
            try plan.requireFit(MachineMemory(available: between, source: "given by a test"))
        }
        let proposals = try plan.proposals(limit: between)
        #expect(!proposals.isEmpty)
        for proposal in proposals {
            #expect(proposal.memory.peak.bytes <= between)
            let run = try RunConfiguration(
                contentsOf: file(plan.run), overrides: proposal.settings)
            #expect(run.batchSize * run.accumulation == 12)
            #expect(try RunPlan(run, base: 0).memory == proposal.memory)
        }
        #expect(try plan.proposals(limit: 1000).isEmpty)
    }

    @Test func `a proposal whose memory cannot be predicted is reported`() throws {
        let plan = try plan { ($0.batchSize, $0.accumulation) = (12, 1) }
        let predict = { (run: RunConfiguration) throws -> MemoryPlan in
            guard !run.checkpointing else {
                throw TensorError(.engine, operation: "simulation", message: "no kernel for it")
            }
            return plan.memory
        }
        let error = try #require(throws: TrainingError.self) {
            _ = try plan.proposals(limit: .max, predictedBy: predict)
        }
        #expect(error.description.contains("gradient_checkpointing=true cannot be predicted: "))
        #expect(error.description.contains("no kernel for it"))
        let hint = plan.hint { try plan.proposals(limit: .max, predictedBy: predict) }
        #expect(hint == "what would fit is not known: \(error)")
    }

    @Test func `the processes of a machine have to fit together`() throws {
        let (both, one) = try (
            RunPlan(tiny.run, world: 2, base: 0),
            RunPlan(tiny.run, world: 2, processesHere: 1, base: 0)
        )
        let peak = one.memory.peak.bytes
        #expect(both.memory == one.memory)
        #expect((one.peakBytesHere, both.peakBytesHere) == (peak, 2 * peak))
        let machine = MachineMemory(available: 2 * peak - 1, source: "here")
        try one.requireFit(machine)
        let error = #expect(throws: TrainingError.self) { try both.requireFit(machine) }
        #expect(error?.description.contains("(2 processes of up to ") == true)
        #expect(try RunPlanReport(both, machine: machine).json()["fits"] == false)
        #expect(try RunPlanReport(one, machine: machine).json()["fits"] == true)
        #expect(
            RunPlanReport(both).lines.contains {
                $0.hasPrefix("memory of 2 processes on this machine: up to ")
            })
        for proposal in try both.proposals(limit: peak) {
            #expect(2 * proposal.memory.peak.bytes <= peak)
        }
    }

    @Test func `updates take memory beside the checkpoint that is being written`() throws {
        func phases(_ plan: RunPlan) -> [MemoryPlan.Phase: Int] {
            Dictionary(uniqueKeysWithValues: plan.memory.phases.map { ($0.phase, $0.bytes) })
        }
        let plan = try plan { $0.saveSteps = 5 }
        let (before, atTheEnd, none) = try (
            phases(plan), phases(RunPlan(plan.run.with { $0.saveSteps = 6 }, base: 0)),
            phases(RunPlan(plan.run.with { $0.saveSteps = 0 }, base: 0))
        )
        // Weights beside moments of twice their size, of what learns.
        let copy = (plan.disk.checkpointBytes - plan.disk.modelBytes) * 3 / 2
        let beside = try #require(before[.checkpoint]) - #require(none[.backward])
        #expect(abs(Double(beside) / Double(copy) - 1) < 0.1, "\(beside) \(copy)")
        #expect(try #require(atTheEnd[.checkpoint]) < #require(before[.checkpoint]))
        #expect(before[.backward] == none[.backward] && none[.checkpoint] == nil)
    }

    @Test func `checkpoints of the best weights take memory and disk`() throws {
        let kept = try plan {
            ($0.saveSteps, $0.saveLimit) = (0, 1)
            ($0.validationSplit, $0.evaluationSteps, $0.keepsBest) = (0.25, 2, true)
        }
        let foreground = try RunPlan(kept.run.with { $0.savesInBackground = false }, base: 0)
        let without = try RunPlan(kept.run.with { $0.keepsBest = false }, base: 0)
        #expect(kept.disk.checkpoints == 3)
        let late = try RunPlan(kept.run.with { $0.evaluationSteps = 5 }, base: 0)
        #expect(late.totalSteps == 6 && late.disk.checkpoints == 2)
        #expect(
            try kept.proposals(limit: .max).contains {
                $0.settings.contains("background_saves=false")
            })
        #expect(without.disk.checkpoints == 0)
        #expect(kept.memory.phases.contains { $0.phase == .checkpoint })
        #expect(!foreground.memory.phases.contains { $0.phase == .checkpoint })
        #expect(without.memory == foreground.memory)
    }

    @Test func `moments in 8 bits are proposed where they are possible`() throws {
        func proposes(_ world: Int = 1, _ change: (inout RunConfiguration) -> Void) throws -> Bool {
            var run = tiny.run
            change(&run)
            return try RunPlan(run, world: world, base: 0).proposals(limit: .max)
                .contains { $0.settings.contains("optim=adamw_8bit") }
        }
        #expect(try proposes { _ in })
        #expect(try proposes(2) { _ in })
        #expect(try !proposes { $0.moments = .eightBit })
        #expect(try !proposes(2) { $0.sharding = .zero1 })
    }

    @Test func `no settings are proposed that the run would refuse`() throws {
        let plan = try RunPlan(tiny.run.with { $0.moments = .eightBit }, world: 2, base: 0)
        let settings = try plan.proposals(limit: .max).flatMap(\.settings)
        #expect(settings.contains("gradient_checkpointing=true"))
        #expect(!settings.contains { $0.hasPrefix("sharding=") })
    }

    private func file(_ run: RunConfiguration) throws -> String {
        let path = tiny.folder.file("run.yaml")
        try AtomicFile.write(try JSONValue.object(run.json).text(), to: path)
        return path
    }

    @Test func `a disk that is too small is refused`() throws {
        let plan = try plan()
        let machine = MachineMemory(available: .max, source: "here")
        try plan.requireFit(machine, disk: plan.disk.bytes)
        #expect(throws: TrainingError.self) {
            try plan.requireFit(machine, disk: plan.disk.bytes - 1)
        }
    }

    @Test func `weights and optimiser that do not fit are refused before data is read`() throws {
        var run = tiny.run
        run.dataFiles = ["/nowhere.json"]
        let state = try plan().memory.parts
            .filter { ["weights", "moments"].contains($0.name) }.reduce(0) { $0 + $1.bytes }
        try RunPlan.requireRoomForState(
            run, on: .cpu, MachineMemory(available: state, source: "here"))
        #expect(throws: TrainingError.self) {
            try RunPlan.requireRoomForState(
                run, on: .cpu, MachineMemory(available: state - 1, source: "here"))
        }
        let machine = MachineMemory(available: 2 * state, source: "here")
        try RunPlan.requireRoomForState(run, on: .cpu, world: 2, machine)
        try RunPlan.requireRoomForState(run, on: .cpu, world: 4, processesHere: 2, machine)
        #expect(throws: TrainingError.self) {
            try RunPlan.requireRoomForState(run, on: .cpu, world: 3, machine)
        }
    }

    @Test func `a measured part of a step gives a time for every stage`() throws {
        for stage in [TrainingStage.align, .alignParity, .instruct] {
            let plan = try plan { $0.stage = stage }
            let time = try #require(try plan.time())
            #expect(time.secondsPerUpdate > 0)
            #expect(abs(time.seconds / time.secondsPerUpdate - 6) < 1e-6)
        }
        let last = try plan { $0.tune = [.language: .last(1), .head: .frozen] }
        #expect(try last.time() != nil)
    }

    @Test func `a checkpoint that lacks a tensor is refused by its name`() throws {
        let config = "\(tiny.run.model)/config.json"
        let text = try String(contentsOfFile: config, encoding: .utf8)
        let more = text.replacing(
            "\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 4")
        #expect(more != text)
        try AtomicFile.write(more, to: config)
        let error = #expect(throws: TrainingError.self) { try plan() }
        #expect(error?.description.contains("model.layers.2.") == true)
    }
}
