import MiphaData
import MiphaTestSupport
import MiphaTraining
import Testing

/// Files that an epoch shows more or less often.
@Suite struct DataWeightTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun(samples: 4)
    }

    /// Four samples twice an epoch, and six half as often; answers of the six differ in length.
    private func weighted(
        _ name: String, _ change: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> RunConfiguration {
        let often = try tiny.data(
            "often.json", (0..<4).map { _ in Conversation("Often?", "yes") })
        let seldom = try tiny.data("seldom.json", (0..<6).map { Conversation("Rare?", answer($0)) })
        return tiny.with {
            $0.dataFiles = [often, seldom]
            $0.dataWeights = [2, 0.5]
            $0.outputFolder = tiny.folder.file(name)
            $0.accumulation = 1
            $0.maximumSteps = nil
            $0.epochs = 2
            change(&$0)
        }
    }

    private func answer(_ number: Int) -> String {
        Array(repeating: "word", count: 1 << number).joined(separator: " ")
    }

    /// Supervised tokens of an epoch over a file alone.
    private func supervised(_ name: String, _ conversations: [Conversation]) throws -> Int {
        let run = try tiny.on(name, conversations) {
            $0.batchSize = conversations.count
            $0.accumulation = 1
            $0.maximumSteps = 1
        }
        return try #require(progress(run).first).supervisedTokens
    }

    @Test func `an epoch shows each file as often as its weight says`() throws {
        let run = try weighted("out")
        let plan = try Trainer(run).plan
        #expect(plan.sampleCount == 2 * 4 + 3)
        #expect(plan.stepsPerEpoch == 6 && plan.totalSteps == 12)
        let planned = try RunPlan(run, base: 0)
        #expect(planned.totalSteps == 12 && planned.sampleCount == 11)
        let reports = try progress(run).map(\.supervisedTokens)
        let often = try supervised("yes", [Conversation("Often?", "yes")])
        let seldom = try (0..<6).map {
            try supervised("rare-\($0)", [Conversation("Rare?", answer($0))])
        }
        let epochs = [reports[..<6], reports[6...]].map { $0.reduce(0, +) - 8 * often }
        // All sums of three of these lengths differ.
        let shown = epochs.map { sum in
            (0..<64).filter { set in
                let members = (0..<6).filter { set >> $0 & 1 == 1 }
                return members.count == 3 && members.reduce(0) { $0 + seldom[$1] } == sum
            }
        }
        #expect(shown.allSatisfy { $0.count == 1 }, "\(shown)")
        #expect((shown[0].first ?? 0) ^ (shown[1].first ?? 0) == 63, "the other half comes next")
    }

    @Test(arguments: [SamplingOrder.plain, .length])
    func `a weighted run resumes to the bit in any epoch`(order: SamplingOrder) throws {
        let whole = try weighted("whole-\(order)") { $0.samplingOrder = order }
        try progress(whole)
        for limit in [4, 7] {
            let parts = try weighted("parts-\(order)-\(limit)") { $0.samplingOrder = order }
            try progress(parts, stoppingAfter: limit)
            var again = parts
            again.loaderThreads = 1
            try progress(again)
            #expect(try weights(of: parts.outputFolder) == weights(of: whole.outputFolder))
        }
    }

    @Test func `other weights are another run`() throws {
        try progress(weighted("out"), stoppingAfter: 2)
        let other = try weighted("out") { $0.dataWeights = [2, 0.25] }
        let error = #expect(throws: TrainingError.self) { try Trainer(other) }
        #expect(error?.description.contains("data_path was ") == true)
        let plain = try weighted("out") { $0.dataWeights = [] }
        #expect(throws: TrainingError.self) { try Trainer(plain) }
    }

    @Test func `samples held out are not weighed`() throws {
        let run = try weighted("held") { $0.validationSplit = 0.5 }
        let plan = try Trainer(run).plan
        // Five of ten are left: twice those of one file and half of those of the other.
        #expect(
            (0...4).contains { plan.sampleCount == 2 * $0 + Int((Double(5 - $0) / 2).rounded()) })
        let none = try weighted("none") { $0.dataWeights = [0, 0] }
        #expect(throws: DataError.self) { try Trainer(none) }
        let short = try weighted("short") { $0.dataWeights = [1] }
        #expect(throws: DataError.self) { try Trainer(short) }
    }
}
