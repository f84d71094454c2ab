import Foundation
import MiphaTestSupport
import MiphaTraining
import Testing

/// How long updates wait for their samples.
@Suite struct LoaderWaitTests {
    /// Seconds that updates waited, when each takes a twentieth of a second at least.
    private func waits(_ run: RunConfiguration) throws -> [Double] {
        var waits: [Double] = []
        _ = try Trainer(run).train(report: {
            waits.append($0.secondsWaited)
            Thread.sleep(forTimeInterval: 0.05)
        })
        return waits
    }

    @Test func `two threads keep ahead of the trainer from the second update on`() throws {
        let tiny = try TinyRun(samples: 16)
        let run = tiny.with {
            $0.loaderThreads = 2
            $0.maximumSteps = 12
            $0.saveSteps = 0
        }
        let waits = try waits(run)
        #expect(waits.count == 12)
        // The machine may be busy with something else for a moment, not for most of the run.
        let later = waits.dropFirst().sorted()
        #expect(later[later.count / 2] < 0.002, "\(waits)")
        let text = try String(contentsOfFile: "\(run.outputFolder)/metrics.jsonl", encoding: .utf8)
        #expect(text.contains("\"wait_seconds\""))
    }
}
