import Foundation
import MiphaChat
import MiphaData
import MiphaTestSupport
import Testing

@Suite struct SyntheticMixTests {
    /// The whole mix takes a gigabyte of disk and half a minute; a hundredth shows the same.
    private static let isWhole = ProcessInfo.processInfo.environment["MIPHA_WHOLE_MIX"] != nil

    /// The most memory this process ever had, in bytes; nil where the system does not say.
    private var peakMemory: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let number = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return nil }
        return number << 10
    }

    @Test func `the mix is indexed whole, fast and in little memory`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("mix.json")
        var mix = SyntheticMix(seed: 6)
        try mix.write(to: path, part: Self.isWhole ? 1 : 100)
        let clock = ContinuousClock()
        let start = clock.now
        let index = try SampleIndex([ConversationSource(file: path)])
        let time = clock.now - start

        #expect(index.count == (Self.isWhole ? 665_298 : 6_651))
        #expect(index.textOnlyCount == (Self.isWhole ? 40_688 : 406))
        #expect(mix.roots.count == 6)
        #expect((0..<index.count).allSatisfy { index.wordCount($0) == Int(mix.words[$0]) })
        for number in stride(from: 0, to: index.count, by: 997) {
            let sample = try index.sample(number)
            #expect(sample.id == "\(number)")
            #expect(sample.images.isEmpty == (index.pictureCount(number) == 0))
        }
        #expect(time < .seconds(60))

        let ordering = clock.now
        let sampler = try EpochSampler(
            index, mixture: Mixture(index, seed: 42), order: .modalityLength, batchSize: 4,
            accumulation: 4, world: 8, seed: 42)
        let order = sampler.samples(epoch: 0)
        let orderTime = clock.now - ordering
        #expect(occurrences(order, count: index.count).allSatisfy { $0 == 1 })
        guard Self.isWhole else { return }
        let plan = BatchPlan(
            sampleCount: sampler.count, batchSize: 4, accumulation: 4, world: 8, seed: 42,
            epochs: 2, steps: nil)
        #expect(plan.stepsPerEpoch == 5_198)
        #expect(plan.totalSteps == 10_396)
        let peak = peakMemory
        if let peak { #expect(peak < 600_000_000) }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        print(
            "\(index.count) samples, \(size) bytes: indexed in \(time), an epoch ordered in "
                + "\(orderTime), at most \((peak ?? 0) >> 20) MiB of memory")
    }
}
