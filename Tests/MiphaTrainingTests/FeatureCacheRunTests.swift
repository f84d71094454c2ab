import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTokenizers
import MiphaTorch
import MiphaTraining
import Testing

/// How often runs with and without a feature cache decode images.
@Suite struct FeatureCacheRunTests {
    private let tiny: TinyRun
    private let cache: String
    /// Six images, two of them in two samples each; two epochs of four updates.
    private let run: RunConfiguration

    init() throws {
        let tiny = try TinyRun()
        let images = [0, 1, 2, 4, 5, 6, 0, 1]
        let captions = try tiny.data(
            "captions.json",
            images.map { Conversation("<image>", "picture \($0)", pictures: ["\($0).png"]) })
        cache = tiny.folder.file("features")
        run = tiny.with {
            $0.stage = .align
            $0.dataFiles = [captions]
            $0.maximumSteps = nil
            $0.epochs = 2
            $0.accumulation = 1
        }
        self.tiny = tiny
    }

    private struct Outcome: Equatable {
        var losses: [Double] = []
        var decoded = 0
        var misses = 0
        var hits = 0
    }

    private func outcome(_ run: RunConfiguration) throws -> Outcome {
        let trainer = try Trainer(run, resume: .never)
        var outcome = Outcome()
        _ = try trainer.train(report: {
            outcome.losses.append($0.loss)
            outcome.misses += $0.features?.misses ?? 0
            outcome.hits += $0.features?.hits ?? 0
        })
        outcome.decoded = trainer.decodedImages
        return outcome
    }

    private func cached(_ change: (inout RunConfiguration) -> Void = { _ in }) -> RunConfiguration {
        var run = run
        run.featureFolder = cache
        change(&run)
        return run
    }

    @Test(arguments: [0, 256])
    func `the second epoch and the second run decode no image`(prefetched: Int) throws {
        let plain = try outcome(run)
        #expect(plain.losses.count == 8 && plain.decoded == 16)
        let first = try outcome(cached { $0.prefetchMebibytes = prefetched })
        #expect(first.losses == plain.losses)
        #expect(first.decoded == 6 && first.misses == 6 && first.hits == 10)
        let second = try outcome(cached { $0.prefetchMebibytes = prefetched })
        #expect(second.losses == plain.losses)
        #expect(second.decoded == 0 && second.misses == 0 && second.hits == 16)
    }

    @Test func `a changed image is decoded, and its features are new`() throws {
        let before = try outcome(cached())
        let path = "\(run.imageFolder)/4.png"
        try AtomicFile.write(
            RGBImage(width: 9, height: 5, pixels: (0..<135).map { UInt8($0) }).pngData(), to: path)
        let plain = try outcome(run)
        let after = try outcome(cached())
        #expect(after.losses == plain.losses && after.losses != before.losses)
        #expect(after.decoded == 1 && after.misses == 1 && after.hits == 15)
    }

    @Test func `another treatment of images finds no features of the first`() throws {
        _ = try outcome(cached())
        let padded = try outcome(cached { $0.aspectRatio = .pad })
        #expect(padded.decoded == 6 && padded.misses == 6)
        #expect(try outcome(cached()).decoded == 0)
    }

    @Test func `validation finds what training kept`() throws {
        let outcome = try outcome(
            cached {
                $0.validationFiles = $0.dataFiles
                $0.evaluationSteps = 4
            })
        #expect(outcome.decoded == 6 && outcome.losses.count == 8)
    }

    @Test func `a missing image is a bad sample, whatever the cache holds`() throws {
        _ = try outcome(cached())
        try FileManager.default.removeItem(atPath: "\(run.imageFolder)/4.png")
        let error = #expect(throws: (any Error).self) { try outcome(cached()) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("4.png"))
        let skipped = try outcome(cached { $0.badSamples = .skip })
        #expect(skipped.decoded == 0 && skipped.misses == 0 && skipped.hits == 14)
    }

    @Test func `pixels are collated only for a tower that learns`() throws {
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: run.model), template: ChatFormat.named("plain"))
        let data = try TrainingDataSet(
            SampleIndex(run.sources), encoder: encoder, processor: .siglip(size: 28),
            aspectRatio: .square)
        let samples = try (0..<3).map(data.sample)
        for run in [run, cached()] {
            let batch = try Trainer(run, resume: .never).batch(samples)
            #expect(batch.pixels == nil && batch.features?.size(0) == 3)
        }
        var learning = run
        learning.tune = [.tower: .full]
        let batch = try Trainer(learning, resume: .never).batch(samples)
        #expect(batch.features == nil && batch.pixels?.shape == [3, 3, 28, 28])
        let values = try #require(try batch.pixels?.values(as: Float.self))
        #expect(
            values == samples.flatMap(\.images).compactMap(\.prepared).flatMap(\.pixels[0].values))
    }

    @Test func `a tower that learns is given every image`() throws {
        let outcome = try outcome(cached { $0.tune = [.tower: .full] })
        #expect(outcome.decoded == 16 && outcome.hits == 0 && outcome.misses == 0)
        #expect(!FileManager.default.fileExists(atPath: cache))
    }
}
