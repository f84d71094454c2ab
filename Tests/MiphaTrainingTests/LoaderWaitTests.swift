import Foundation
import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import MiphaTraining
import Testing

/// How long updates wait for their samples.
@Suite struct LoaderWaitTests {
    private static let updates = 16

    private let tiny: TinyRun
    /// A run whose every fourth update has two images that take long.
    private let run: RunConfiguration
    private let large: String

    init() throws {
        let tiny = try TinyRun(samples: 1)
        let size = 1_600
        let pixels = (0..<size * size * 3).map { UInt8(truncatingIfNeeded: $0 / 7 ^ $0 >> 9) }
        let image = try RGBImage(width: size, height: size, pixels: pixels)
        let large = "\(tiny.run.imageFolder)/large.png"
        try AtomicFile.write(image.pngData(), to: large)

        func conversations(_ isLarge: (Int) -> Bool) -> [Conversation] {
            (0..<2 * Self.updates).map {
                Conversation(
                    "<image>\nWhat?", "that", pictures: [isLarge($0) ? "large.png" : "0.png"])
            }
        }
        func run(_ name: String, _ isLarge: (Int) -> Bool) throws -> RunConfiguration {
            try tiny.on(name, conversations(isLarge)) {
                $0.accumulation = 1
                $0.maximumSteps = nil
                $0.loaderThreads = 2
                $0.saveSteps = 0
            }
        }
        let order = try Trainer(run("order") { _ in false }).plan.order(epoch: 0)
        let places = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        self.run = try run("waits") { (places[$0] ?? 0) / 2 % 4 == 3 }
        self.tiny = tiny
        self.large = large
    }

    /// Seconds that one of the images takes now.
    private func slowness() throws -> Double {
        let took = try ContinuousClock().measure {
            _ = try ImageProcessor.siglip(size: 28).pixelValues(
                RGBImage(contentsOf: large), aspectRatio: .pad)
        }
        return took / .seconds(1)
    }

    /// Seconds that updates waited after the first, when each takes somewhat less than a slow image.
    private func waits(_ run: RunConfiguration, _ slow: Double) throws -> [Double] {
        var waits: [Double] = []
        _ = try Trainer(run, resume: .never).train(report: {
            waits.append($0.secondsWaited)
            Thread.sleep(forTimeInterval: 0.6 * slow)
        })
        #expect(waits.count == Self.updates)
        return Array(waits.dropFirst())
    }

    @Test func `two threads keep ahead of the trainer from the second update on`() throws {
        var unprepared = run
        unprepared.prefetchMebibytes = 0
        // Other tests take the cores that the threads need; what counts is what is seen without.
        var tries: [String] = []
        var isAhead = false
        while !isAhead, tries.count < 6 {
            let slow = try slowness()
            let (ahead, behind) = try (waits(run, slow), waits(unprepared, slow))
            isAhead =
                ahead.sorted()[ahead.count / 2] < 0.25 * slow
                && ahead.reduce(0, +) < 0.5 * behind.reduce(0, +)
            tries.append("\(slow): \(ahead) and \(behind)")
        }
        #expect(isAhead, "\(tries)")
        let text = try String(contentsOfFile: "\(run.outputFolder)/metrics.jsonl", encoding: .utf8)
        #expect(text.contains("\"wait_seconds\""))
    }
}
