import Foundation
import MiphaCheckpoints
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// Samples that do not fill an update.
@Suite struct EpochEndTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun(samples: 13)
    }

    /// Two epochs over thirteen samples.
    private func run(
        _ name: String, _ batch: Int, _ accumulation: Int,
        _ change: (inout RunConfiguration) -> Void = { _ in }
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(name)
            ($0.batchSize, $0.accumulation) = (batch, accumulation)
            $0.maximumSteps = nil
            $0.epochs = 2
            $0.warmupRatio = 0
            $0.tensorBoard = false
            change(&$0)
        }
    }

    @Test(arguments: [(4, 2), (2, 4), (1, 8), (3, 5)])
    func `every sample is shown once an epoch whatever shares an update out`(
        _ shape: (Int, Int)
    ) throws {
        let size = shape.0 * shape.1
        let whole = try progress(run("whole", size, 1))
        let parts = run("parts", shape.0, shape.1)
        let plan = try RunPlan(parts, base: 0)
        let reports = try progress(parts)
        #expect(reports.count == (size < 13 ? 4 : 2))
        #expect(plan.totalSteps == reports.count && plan.epochs == 2)
        #expect(plan.tokens == reports.reduce(0) { $0 + $1.tokens })
        #expect(reports.map(\.tokens) == whole.map(\.tokens))
        #expect(reports.map(\.epoch) == whole.map(\.epoch))
        for (part, whole) in zip(reports, whole) {
            #expect(part.supervisedTokens == whole.supervisedTokens)
            // The mean over the tokens of the update, the smaller last one included.
            #expect(abs(part.loss - whole.loss) < 1e-4 * whole.loss)
        }
        if size < 13 {
            let part = 8.0 / 13
            #expect(reports.map(\.epoch) == [part, 1, 1 + part, 2])
        }
    }

    struct Job: Sendable, CustomStringConvertible {
        let world: Int
        let accumulation: Int
        let reduction: LossReduction
        var description: String { "\(world) x \(accumulation), \(reduction)" }
    }

    /// The last updates have one sample, on rank 0, but for the third job: five, three and two.
    static let jobs = [
        Job(world: 2, accumulation: 1, reduction: .token),
        Job(world: 3, accumulation: 1, reduction: .microBatch),
        Job(world: 2, accumulation: 4, reduction: .token),
        Job(world: 2, accumulation: 4, reduction: .microBatch),
    ]

    @Test(arguments: ShardingMode.allCases, jobs)
    func `ranks without samples in the last update change no bit`(
        mode: ShardingMode, job: Job
    ) throws {
        func run(_ name: String, _ accumulation: Int) -> RunConfiguration {
            self.run(name, 1, accumulation) {
                $0.lossReduction = job.reduction
                $0.sharding = mode
            }
        }
        let alone = run("alone", job.accumulation * job.world)
        let together = run("together", job.accumulation)
        let expected = try train(alone, world: 1)
        let reports = try train(together, world: job.world)
        #expect(reports.map(\.tokens) == expected.map(\.tokens))
        #expect(reports.map(\.epoch) == expected.map(\.epoch))
        for (one, two) in zip(reports, expected) {
            #expect(abs(one.loss - two.loss) <= 1e-5 * two.loss)
        }
        // Unshared gradients of several micro-batches are added up in each rank first.
        if job.accumulation == 1 || mode == .zero2 || mode == .zero3 {
            #expect(try weights(of: together.outputFolder) == weights(of: alone.outputFolder))
        }
    }

    @Test(arguments: [ShardingMode.none, .zero3])
    func `ranks share packed rows out to the bit`(mode: ShardingMode) throws {
        func packed(_ name: String, _ accumulation: Int) -> RunConfiguration {
            run(name, 1, accumulation) {
                $0.packing = true
                $0.packingBudget = 240
                $0.sharding = mode
            }
        }
        let (alone, together) = (packed("alone", 4), packed("together", 1))
        let rows = try RunPlan(alone, base: 0)
        let expected = try train(alone, world: 1)
        let reports = try train(together, world: 4)
        #expect(rows.totalSteps == reports.count && reports.last?.epoch == 2)
        let whole = try #require(try progress(run("whole", 13, 1)).first)
        #expect(reports.reduce(0) { $0 + $1.supervisedTokens } == 2 * whole.supervisedTokens)
        #expect(reports.map(\.tokens) == expected.map(\.tokens))
        #expect(try weights(of: together.outputFolder) == weights(of: alone.outputFolder))
    }

    @Test func `a checkpoint goes on with any number of ranks, the end of epochs included`() throws
    {
        func job(_ name: String, _ world: Int) -> RunConfiguration {
            run(name, 1, 6 / world) { $0.sharding = .zero2 }
        }
        let alone = job("alone", 1)
        _ = try train(alone, world: 1)
        let broken = job("broken", 3)
        _ = try train(broken, world: 3, stoppingAfter: 2)
        for world in [1, 2, 3] {
            let resumed = job("resumed-\(world)", world)
            try FileManager.default.copyItem(
                atPath: broken.outputFolder, toPath: resumed.outputFolder)
            #expect(try train(resumed, world: world).map(\.step) == [3, 4, 5, 6])
            #expect(try weights(of: resumed.outputFolder) == weights(of: alone.outputFolder))
        }
    }

    @Test func `dropping shows whole updates, and says what is left out`() throws {
        let dropping = run("out", 2, 4) { $0.epochEnd = .dropped }
        let plan = try RunPlan(dropping, base: 0)
        #expect(plan.totalSteps == 2 && plan.epochs == 2)
        let note =
            "dataloader_drop_last: true: 5 of 13 samples do not fill an update of 8 and are not "
            + "shown, in each epoch others"
        #expect(plan.notes == [note])
        #expect(RunPlanReport(plan).lines.contains("note: \(note)"))
        #expect(try Trainer(dropping).description.contains("note: \(note)"))
        #expect(try progress(dropping).map(\.epoch) == [1, 2])
        let none = run("none", 7, 2) { $0.epochEnd = .dropped }
        let planned = #expect(throws: TrainingError.self) { try RunPlan(none, base: 0) }
        let trained = #expect(throws: TrainingError.self) { try Trainer(none) }
        for error in [planned, trained] {
            #expect(
                error?.description.hasPrefix(
                    "dataloader_drop_last: true: expected at least 14 samples in an epoch, as many "
                        + "as an update has (7 x 2), found 13: no update would be left") == true)
        }
    }

    @Test func `the first lines report the size of the last update`() throws {
        let odd = run("out", 2, 4)
        #expect(
            try RunPlanReport(RunPlan(odd, base: 0)).lines[0].contains(
                "13 samples, 4 updates of 2 x 4 samples, the last of an epoch of 5, 2.00 epochs"))
        #expect(
            try Trainer(odd).description[0].contains(
                "13 samples, 4 updates of 2 x 4 samples, the last of an epoch of 5"))
        let joint = try RunPlan(run("out", 2, 2), world: 2, base: 0)
        #expect(
            RunPlanReport(joint).lines[0].contains(
                "updates of 2 x 2 samples on 2 processes, the last"))
        let tokens = try RunPlan(run("out", 2, 4), base: 0).tokens
        #expect(joint.tokens == tokens, "those of all ranks, which have not as many")
    }

    // MARK: Checkpoints from before there was a choice

    /// Takes the rule out of a state, as it was written when there was one only.
    private func makeOld(_ file: String) throws {
        guard case .object(var state) = try JSONValue(contentsOf: file),
            let run = state["run"]?.objectValue
        else { return }
        #expect(run["dataloader_drop_last"] == "former")
        state["run"] = .object(
            JSONObject(run.members.filter { $0.key != "dataloader_drop_last" }))
        try JSONValue.object(state).write(to: file)
    }

    @Test func `a run of the former rule goes on under it to the same bytes and says so`() throws {
        let whole = run("whole", 2, 2) { $0.epochEnd = .former }
        #expect(try progress(whole).count == 6, "three whole updates an epoch, one sample left out")
        let begun = run("old", 2, 2) { $0.epochEnd = .former }
        try progress(begun, stoppingAfter: 2)
        try makeOld("\(begun.outputFolder)/checkpoint-2/trainer_state.json")
        try CheckpointChecksums.write("\(begun.outputFolder)/checkpoint-2")

        let goingOn = begun.with { $0.epochEnd = nil }
        let trainer = try Trainer(goingOn)
        #expect(trainer.firstStep == 2 && trainer.plan.totalSteps == 6)
        let note = trainer.description.first {
            $0.hasPrefix("note: dataloader_drop_last: this run was begun before")
        }
        #expect(note?.contains("(dataloader_drop_last: former)") == true, "\(trainer.description)")
        try progress(goingOn, stoppingAfter: 1)
        let resolved = try RunConfiguration(contentsOf: "\(goingOn.outputFolder)/resolved.yaml")
        #expect(resolved.epochEnd == .former)
        try progress(goingOn)
        #expect(try weights(of: goingOn.outputFolder) == weights(of: whole.outputFolder))
        try makeOld("\(goingOn.outputFolder)/trainer_state.json")
        #expect(try Trainer(goingOn).train() == .alreadyComplete)
        #expect(try Trainer(goingOn, resume: .never).plan.totalSteps == 8, "anew with all samples")
    }

    @Test func `a rule that the run file names is not changed for a checkpoint's`() throws {
        let begun = run("out", 2, 2) { $0.epochEnd = .former }
        try progress(begun, stoppingAfter: 2)
        try makeOld("\(begun.outputFolder)/checkpoint-2/trainer_state.json")
        try CheckpointChecksums.write("\(begun.outputFolder)/checkpoint-2")
        let error = #expect(throws: TrainingError.self) {
            try Trainer(begun.with { $0.epochEnd = .kept })
        }
        #expect(
            error?.description.contains("dataloader_drop_last was \"former\" and is false") == true)
        let other = run("other", 2, 2) { $0.epochEnd = .dropped }
        try progress(other, stoppingAfter: 2)
        #expect(throws: TrainingError.self) { try Trainer(other.with { $0.epochEnd = nil }) }
    }
}
