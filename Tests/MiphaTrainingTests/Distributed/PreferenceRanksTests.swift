import Foundation
import MiphaCheckpoints
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs on pairs of answers by several processes.
struct PreferenceRanksTests {
    private func run(
        _ tiny: TinyRun, _ name: String, world: Int, _ mode: ShardingMode = .none
    ) throws -> RunConfiguration {
        try tiny.preference(name, TinyRun.pairs(16)) {
            $0.batchSize = 4 / world
            $0.sharding = mode
            $0.preference.beta = 0.5
            $0.validationSplit = 0.25
            $0.evaluationSteps = 3
            $0.savesInBackground = false
            $0.sampling.steps = 3
            $0.sampling.prompts = [.init("Hello")]
        }
    }

    private func train(
        _ run: RunConfiguration, world: Int, stoppingAfter limit: Int? = nil
    ) throws -> [TrainingProgress] {
        try inGroup(world) { group in
            var reports: [TrainingProgress] = []
            let trainer = try Trainer(run, group: group)
            _ = try trainer.train(
                shouldStop: { limit.map { reports.count >= $0 } ?? false && group.rank == 0 },
                report: { reports.append($0) }, answers: { _ in ["Hello"] })
            return reports
        }[0]
    }

    private func weights(_ run: RunConfiguration) throws -> [String: [Float]] {
        let file = try SafetensorsFile(path: "\(run.outputFolder)/model.safetensors")
        let names = file.entries.map(\.name).filter { !$0.hasSuffix("k_proj.bias") }
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try file.floats($0)) })
    }

    @Test(arguments: [ShardingMode.none, .zero2, .zero3])
    func `a run on pairs by two ranks ends as by one, also when it was stopped`(
        mode: ShardingMode
    ) throws {
        let tiny = try TinyRun(samples: 4)
        let alone = try run(tiny, "alone", world: 1)
        let together = try run(tiny, "together", world: 2, mode)
        let expected = try train(alone, world: 1)
        var reports = try train(together, world: 2, stoppingAfter: 2)
        reports += try train(together, world: 2)
        #expect(reports.map(\.step) == expected.map(\.step))
        for (report, expected) in zip(reports, expected) {
            let found = report
            // Rounding stays that of the first loss, log 2, however low the loss falls.
            #expect(abs(found.loss - expected.loss) <= 1e-6 * max(log(2), expected.loss))
            #expect(found.supervisedTokens == expected.supervisedTokens)
            let pairs = zip(
                found.figures + found.validationFigures,
                expected.figures + expected.validationFigures)
            #expect(found.validationFigures.count == expected.validationFigures.count)
            // Before the first update policy and reference are equal, and which answer of a pair has
            // the greater reward is a matter of rounding.
            for (found, expected) in pairs
            where found.name != "rewards/accuracies" || report.step > 1 {
                #expect(found.name == expected.name)
                #expect(abs(found.value - expected.value) <= 1e-5 * max(1, abs(expected.value)))
            }
        }
        #expect(try referenceFile(together).bytes == referenceFile(alone).bytes)
        let distance = try relativeDistance(weights(together), weights(alone))
        #expect(distance <= 2e-6, "\(distance)")
    }
}
