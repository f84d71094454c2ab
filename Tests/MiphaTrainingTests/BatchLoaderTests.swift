import Foundation
import MiphaChat
import MiphaData
import MiphaImaging
import MiphaTestSupport
import MiphaTokenizers
import MiphaTraining
import Testing

@Suite struct BatchLoaderTests {
    private let tiny: TinyRun
    private let data: TrainingDataSet

    init() throws {
        tiny = try TinyRun(samples: 13)
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: tiny.run.model), template: ChatFormat.named("phi"))
        data = try TrainingDataSet(
            SampleIndex(tiny.run.sources), encoder: encoder, processor: .siglip(size: 28),
            aspectRatio: .pad)
    }

    private func plan(epochs: Double = 2) -> BatchPlan {
        BatchPlan(
            sampleCount: data.count, batchSize: 2, accumulation: 2, seed: 9,
            epochs: epochs, steps: nil)
    }

    private func expected(
        _ plan: BatchPlan, _ step: Int
    ) throws -> [[TrainingSample]] {
        let order = plan.order(epoch: step / plan.stepsPerEpoch)
        return try plan.microBatches(step: step, order: order).map { try $0.map(data.sample) }
    }

    @Test func `samples come in the order of the plan over all epochs`() throws {
        let plan = plan()
        let loader = BatchLoader(data, plan)
        #expect(plan.totalSteps == 8)
        for step in 0..<plan.totalSteps {
            #expect(try loader.microBatches(step: step).map(\.samples) == expected(plan, step))
        }
    }

    @Test func `steps asked for in any order get the same samples`() throws {
        let plan = plan()
        let loader = BatchLoader(data, plan)
        for step in [4, 7, 0, 5, 3, 1, 6, 2] {
            #expect(try loader.microBatches(step: step).map(\.samples) == expected(plan, step))
        }
    }

    @Test func `a resumed loader continues in the middle of an epoch`() throws {
        let plan = plan()
        #expect(
            try BatchLoader(data, plan).microBatches(step: 4).map(\.samples) == expected(plan, 4))
    }

    @Test func `a step beyond the run is an error, not an empty update`() throws {
        let plan = plan()
        let error = #expect(throws: DataError.self) {
            try BatchLoader(data, plan).microBatches(step: plan.totalSteps)
        }
        #expect(error?.description == "update 9 is not one of the 8 of the run")
    }

    @Test func `an error waits for its own step and spares the others`() throws {
        let plan = plan(epochs: 1)
        let order = plan.order(epoch: 0)
        // The first pictured sample of the last whole update; the thirteenth has one of its own.
        let pictured = order[8..<12].first { $0 % 4 != 3 }
        let broken = try #require(pictured)
        try FileManager.default.removeItem(atPath: "\(tiny.run.imageFolder)/\(broken).png")
        let loader = BatchLoader(data, plan)
        for step in 0..<2 {
            #expect(try loader.microBatches(step: step).flatMap(\.samples).count == 4)
        }
        let error = #expect(throws: (any Error).self) { try loader.microBatches(step: 2) }
        #expect(error.map { "\($0)".contains("images/\(broken).png") } == true)
    }
}
