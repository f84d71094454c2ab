import MiphaData
import Testing

@Suite struct BatchPlanTests {
    private func plan(
        _ samples: Int, _ batch: Int, _ accumulation: Int, world: Int = 1, epochs: Double = 1,
        end: EpochEnd = .kept
    ) -> BatchPlan {
        BatchPlan(
            sampleCount: samples, batchSize: batch, accumulation: accumulation, world: world,
            seed: 1, epochs: epochs, steps: nil, end: end)
    }

    /// The micro-batches of an epoch: by update, by place in it, by rank.
    private func epoch(_ plan: BatchPlan, order: [Int]) -> [[[[Int]]]] {
        (0..<plan.stepsPerEpoch).map { step in
            let ranks = (0..<plan.world).map {
                plan.microBatches(step: step, order: order, rank: $0)
            }
            #expect(Set(ranks.map(\.count)).count == 1, "ranks take part alike")
            return (ranks.first ?? []).indices.map { micro in ranks.map { $0[micro] } }
        }
    }

    @Test func `the steps of both stages are the reference's under the former rule`() {
        #expect(plan(558_128, 256, 1).totalSteps == 2_181)
        #expect(plan(558_128, 32, 1, world: 8).totalSteps == 2_181)
        #expect(plan(558_128, 32, 1, world: 8, end: .dropped).totalSteps == 2_180)
        #expect(plan(665_298, 32, 4, epochs: 2, end: .former).totalSteps == 10_394)
        #expect(plan(665_298, 4, 4, world: 8, epochs: 2, end: .former).totalSteps == 10_394)
        #expect(plan(665_298, 4, 4, world: 8, epochs: 2, end: .dropped).totalSteps == 10_394)
        #expect(plan(665_298, 4, 4, world: 8, epochs: 2).totalSteps == 10_396)
        #expect(plan(665_298, 4, 4, world: 8).stepsPerEpoch == 5_198)
        #expect(plan(665_298, 4, 4, world: 8).microBatchesPerEpoch == 20_791)
        #expect(plan(665_298, 4, 4, world: 8, end: .former).microBatchesPerEpoch == 20_788)
    }

    @Test func `whatever shares an update out, it is the same stretch of the order`() {
        let shapes = [
            (12, 1, 1), (1, 12, 1), (1, 1, 12), (3, 4, 1), (4, 3, 1), (2, 3, 2), (3, 2, 2),
            (1, 4, 3), (2, 1, 6), (1, 2, 6),
        ]
        for samples in [1, 5, 11, 12, 13, 24, 25, 35, 59] {
            let order = plan(samples, 1, 1).order(epoch: 0)
            for (batch, accumulation, world) in shapes {
                let plan = plan(samples, batch, accumulation, world: world, epochs: 1)
                #expect(plan.stepsPerEpoch == (samples + 11) / 12)
                let shown = epoch(plan, order: order).map { $0.joined().joined() }
                #expect(shown.map(\.count).dropLast().allSatisfy { $0 == 12 })
                #expect(
                    Array(shown.joined()) == order, "\(samples) by \((batch, accumulation, world))")
            }
        }
    }

    @Test func `the last update is as long as its samples need, on all ranks alike`() {
        // 29 samples in updates of 12: two whole ones, and five samples.
        let plan = plan(29, 2, 3, world: 2)
        let last = epoch(plan, order: Array(0..<29))[2]
        #expect(last == [[[24, 25], [26, 27]], [[28], []]])
        #expect((0..<3).map(plan.microBatchCount) == [6, 6, 3])
        #expect(plan.microBatchCount(ofStep: 5) == 3, "and of the next epoch")
    }

    @Test func `micro-batches are numbered through the updates of all epochs`() {
        for end in EpochEnd.allCases {
            let plan = plan(29, 2, 3, world: 2, epochs: 3, end: end)
            var next = 0
            for step in 0..<plan.totalSteps {
                let numbers = plan.microBatchNumbers(ofStep: step)
                #expect(numbers.lowerBound == next)
                for (index, number) in numbers.enumerated() {
                    #expect(plan.place(ofMicroBatch: number) == (step, index))
                }
                #expect(numbers.count == plan.microBatches(step: step, order: Array(0..<29)).count)
                next = numbers.upperBound
            }
            #expect(plan.place(ofMicroBatch: next).step == plan.totalSteps)
        }
    }

    @Test func `epochs are counted in samples that were shown`() {
        let kept = plan(13, 2, 4, epochs: 2)
        #expect(kept.totalSteps == 4)
        let part = 8.0 / 13
        #expect((0...4).map(kept.epochs) == [0, part, 1, 1 + part, 2])
        #expect((kept.shownPerEpoch, kept.repeatedPerEpoch) == (13, 0))
        let dropped = plan(13, 2, 4, epochs: 2, end: .dropped)
        #expect((0...2).map(dropped.epochs) == [0, 1, 2])
        #expect((dropped.shownPerEpoch, dropped.repeatedPerEpoch) == (8, 0))
        let former = plan(13, 2, 1, world: 3, end: .former)
        #expect((former.shownPerEpoch, former.repeatedPerEpoch) == (13, 5))
        #expect(plan(13, 2, 4, end: .former).shownPerEpoch == 8)
    }

    @Test func `dropping leaves whole updates, or none`() {
        let plan = plan(29, 2, 3, world: 2, epochs: 2, end: .dropped)
        #expect((plan.stepsPerEpoch, plan.totalSteps) == (2, 4))
        let order = plan.order(epoch: 0)
        #expect(Array(epoch(plan, order: order).joined().joined().joined()) == Array(order[..<24]))
        let none = self.plan(11, 2, 3, world: 2, end: .dropped)
        #expect((none.stepsPerEpoch, none.totalSteps, none.shownPerEpoch) == (0, 0, 0))
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

    @Test func `under the former rule ranks repeat the beginning`() {
        for (samples, batch, world) in [(103, 4, 3), (96, 4, 3), (5, 4, 4), (1, 2, 3), (64, 1, 7)] {
            let plan = plan(samples, batch, 1, world: world, end: .former)
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
            for batch in ranks[0].indices.flatMap({ micro in ranks.map { $0[micro] } }) {
                #expect(batch.reduce(0) { $0 + Int(lengths[$1]) } <= 2 * 40)
                shown += batch
            }
        }
        #expect(shown == order.flatMap(packs.row))
        #expect(shown.sorted() == Array(0..<60))
    }

    @Test func `under the former rule micro-batches left over at the end of an epoch are dropped`()
    {
        let plan = plan(50, 4, 3, epochs: 2, end: .former)
        #expect(plan.microBatchesPerEpoch == 12)
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
        #expect(ranks.microBatches(step: 0, order: [2, 0, 1], rank: 1) == [[1]])
        let former = plan(3, 2, 4, world: 2, end: .former)
        #expect(former.totalSteps == 1)
        #expect(former.microBatches(step: 0, order: [2, 0, 1], rank: 1) == [[1, 2]])
    }

    @Test func `a part of an epoch is rounded up to whole updates`() {
        #expect(plan(100, 10, 1, epochs: 0.25).totalSteps == 3)
        #expect(plan(100, 10, 1, epochs: 1.5).totalSteps == 15)
        let fixed = BatchPlan(
            sampleCount: 100, batchSize: 10, accumulation: 1, seed: 1, epochs: 3, steps: 7)
        #expect(fixed.totalSteps == 7)
    }
}
