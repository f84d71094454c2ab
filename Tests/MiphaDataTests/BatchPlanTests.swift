import MiphaData
import Testing

@Suite struct BatchPlanTests {
    private func plan(
        _ samples: Int, _ batch: Int, _ accumulation: Int, world: Int = 1, epochs: Double = 1
    ) -> BatchPlan {
        BatchPlan(
            sampleCount: samples, batchSize: batch, accumulation: accumulation, world: world,
            seed: 1, epochs: epochs, steps: nil)
    }

    @Test func `steps of both stages are the reference's, on one rank and on eight`() {
        #expect(plan(558_128, 256, 1).totalSteps == 2_181)
        #expect(plan(558_128, 32, 1, world: 8).totalSteps == 2_181)
        #expect(plan(665_298, 32, 4, epochs: 2).totalSteps == 10_394)
        #expect(plan(665_298, 4, 4, world: 8, epochs: 2).totalSteps == 10_394)
        #expect(plan(665_298, 4, 4, world: 8).stepsPerEpoch == 5_197)
        #expect(plan(665_298, 4, 4, world: 8).microBatchesPerEpoch == 20_791)
    }

    @Test func `an epoch visits every sample once, in an order of its own`() {
        let plan = plan(103, 4, 1)
        let first = plan.order(epoch: 0)
        #expect(first.sorted() == Array(0..<103))
        #expect(first != plan.order(epoch: 1))
        #expect(first == plan.order(epoch: 0))
        let visited = (0..<plan.stepsPerEpoch).flatMap {
            plan.microBatches(step: $0, order: first).flatMap { $0 }
        }
        #expect(visited == first)
        #expect(plan.microBatches(step: 25, order: first).map(\.count) == [3])
    }

    @Test func `the order of a seed never changes`() {
        #expect(plan(10, 1, 1).order(epoch: 0) == [9, 0, 1, 4, 8, 2, 3, 7, 6, 5])
    }

    @Test func `ranks together visit every sample once and repeat the beginning`() {
        for (samples, batch, world) in [(103, 4, 3), (96, 4, 3), (5, 4, 4), (1, 2, 3), (64, 1, 7)] {
            let plan = plan(samples, batch, 1, world: world)
            let order = plan.order(epoch: 0)
            let visited = (0..<plan.stepsPerEpoch).flatMap { step in
                (0..<world).flatMap { rank in
                    plan.microBatches(step: step, order: order, rank: rank).flatMap { $0 }
                }
            }
            #expect(visited.count.isMultiple(of: batch * world))
            #expect(visited.count < samples + batch * world)
            #expect(Array(visited.prefix(samples)) == order)
            let tail = visited.dropFirst(samples)
            #expect(tail.enumerated().allSatisfy { order[$0 % samples] == $1 })
        }
    }

    @Test func `two ranks of four and two make the update of one rank of eight and two`() {
        let one = plan(160, 8, 2)
        let two = plan(160, 4, 2, world: 2)
        #expect(one.totalSteps == two.totalSteps)
        let order = one.order(epoch: 0)
        for step in 0..<one.totalSteps {
            let together = (0..<2).flatMap { rank in
                two.microBatches(step: step, order: order, rank: rank).flatMap { $0 }
            }
            #expect(
                together.sorted()
                    == one.microBatches(step: step, order: order).flatMap { $0 }.sorted())
        }
    }

    @Test(arguments: [1, 2, 3])
    func `packs are dealt like samples, each sample once`(world: Int) throws {
        let lengths = (0..<60).map { Int32(1 + $0 * 7 % 30) }
        let packs = try PackingPlan(order: Array(0..<60), lengths: lengths, capacity: 40)
        let plan = BatchPlan(
            sampleCount: packs.count, batchSize: 2, accumulation: 2, world: world, seed: 3,
            epochs: 1, steps: nil, packs: packs)
        let order = plan.order(epoch: 0)
        #expect(order.sorted() == Array(0..<packs.count))
        var shown: [Int] = []
        for step in 0..<plan.stepsPerEpoch {
            let ranks = (0..<world).map {
                plan.microBatches(step: step, order: order, rank: $0)
            }
            #expect(ranks.allSatisfy { $0.count == 2 })
            for batch in (0..<2).flatMap({ micro in ranks.map { $0[micro] } }) {
                #expect(batch.reduce(0) { $0 + Int(lengths[$1]) } <= 2 * 40)
                shown += batch
            }
        }
        let used = plan.stepsPerEpoch * 4 * world
        #expect(shown == (0..<used).flatMap { packs.row(order[$0 % packs.count]) })
        #expect(packs.sampleCount == 60)
    }

    @Test func `micro-batches left over at the end of an epoch are dropped`() {
        let plan = plan(50, 4, 3, epochs: 2)
        #expect(plan.microBatchesPerEpoch == 13)
        #expect(plan.stepsPerEpoch == 4)
        #expect(plan.totalSteps == 8)
        let order = plan.order(epoch: 1)
        #expect(plan.epoch(ofStep: 3) == 0)
        #expect(plan.epoch(ofStep: 4) == 1)
        #expect(plan.microBatches(step: 4, order: order)[0] == Array(order[..<4]))
        #expect(plan.microBatches(step: 7, order: order)[2] == Array(order[44..<48]))
    }

    @Test func `fewer samples than an update still make one`() {
        #expect(plan(3, 2, 4).totalSteps == 1)
        #expect(plan(3, 2, 4).microBatches(step: 0, order: [2, 0, 1]) == [[2, 0], [1]])
        let ranks = plan(3, 2, 4, world: 2)
        #expect(ranks.totalSteps == 1)
        #expect(ranks.microBatches(step: 0, order: [2, 0, 1], rank: 1) == [[1, 2]])
    }

    @Test func `a part of an epoch is rounded up to whole updates`() {
        #expect(plan(100, 10, 1, epochs: 0.25).totalSteps == 3)
        #expect(plan(100, 10, 1, epochs: 1.5).totalSteps == 15)
        let fixed = BatchPlan(
            sampleCount: 100, batchSize: 10, accumulation: 1, seed: 1, epochs: 3, steps: 7)
        #expect(fixed.totalSteps == 7)
    }
}
