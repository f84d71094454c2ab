import Foundation
import MiphaData
import MiphaFiles
import MiphaTestSupport
import MiphaTraining
import Testing

/// What a run does with its data beyond reading it.
@Suite struct TrainerLoadingTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
    }

    private func run(
        _ name: String, _ change: (inout RunConfiguration) -> Void
    ) -> RunConfiguration {
        tiny.with {
            $0.outputFolder = tiny.folder.file(name)
            change(&$0)
        }
    }

    @Test func `a packed run learns what the padded one learns`() throws {
        let padded = try progress(run("padded") { $0.batchSize = 4 })
        let packed = try progress(
            run("packed") {
                $0.batchSize = 4
                $0.packing = true
            })
        for (found, expected) in zip(packed, padded) {
            #expect(abs(found.loss - expected.loss) <= 1e-5 * expected.loss)
            #expect(found.tokens == expected.tokens)
        }
    }

    @Test func `kept features change no bit of an alignment`() throws {
        let numbers = [0, 1, 2, 4, 5, 6, 8, 9, 10]
        let captions = try tiny.data(
            "captions.json",
            numbers.map { Conversation("<image>", "picture \($0)", pictures: ["\($0).png"]) })
        func align(_ name: String, _ folder: String?) -> RunConfiguration {
            run(name) {
                $0.stage = .align
                $0.dataFiles = [captions]
                $0.featureFolder = folder
            }
        }
        let folder = tiny.folder.file("features")
        let plain = align("plain", nil)
        let kept = align("kept", folder)
        let expected = try progress(plain)
        #expect(try progress(kept).map(\.loss) == expected.map(\.loss))
        let entries = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".features") }
        #expect(entries.count == numbers.count)
        let again = align("again", folder)
        #expect(try progress(again).map(\.loss) == expected.map(\.loss))
        #expect(try weights(of: plain.outputFolder) == weights(of: again.outputFolder))
    }

    @Test(arguments: [BadSamplePolicy.skip, .blank])
    func `bad samples are recorded and the run goes on`(policy: BadSamplePolicy) throws {
        try FileManager.default.removeItem(atPath: tiny.folder.file("images/1.png"))
        try AtomicFile.write("no picture", to: tiny.folder.file("images/4.png"))
        let run = run("\(policy)") {
            $0.badSamples = policy
            $0.maximumSteps = nil
        }
        #expect(throws: (any Error).self) {
            try progress(self.run("fail") { $0.maximumSteps = nil })
        }
        #expect(try progress(run).count == 3)
        let text = try String(
            contentsOfFile: "\(run.outputFolder)/incidents.jsonl", encoding: .utf8)
        let incidents = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(incidents.allSatisfy { $0["kind"] == "bad_sample" })
        let names = incidents.compactMap { $0["samples"]?.arrayValue?.first?.stringValue }
        #expect(names.sorted() == ["s1", "s4"])
    }

    @Test(arguments: [SamplingOrder.length, .modalityLength])
    func `grouped orders resume to the bit with other loader threads`(order: SamplingOrder) throws {
        let whole = run("whole-\(order)") { $0.samplingOrder = order }
        let expected = try progress(whole)
        let plain = try progress(run("plain-\(order)") { _ in })
        #expect(expected.map(\.loss) != plain.map(\.loss))
        let cut = run("cut-\(order)") {
            $0.samplingOrder = order
            $0.loaderThreads = 1
        }
        _ = try progress(cut, stoppingAfter: 3)
        var resumed = cut
        resumed.loaderThreads = 7
        _ = try progress(resumed)
        #expect(try weights(of: cut.outputFolder) == weights(of: whole.outputFolder))
    }
}
