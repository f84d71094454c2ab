import Dispatch
import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import Synchronization
import Testing

/// The order, the memory and the end of background loading.
@Suite struct SampleLoaderTests {
    @Test func `samples come in the order of the plan for any number of threads`() throws {
        let data = try LoaderData(samples: 61)
        let (batches, order) = data.order(4)
        let expected = try batches.map { try $0.map(data.set.sample) }
        for threads in [1, 2, 7] {
            for bytes in [0, 60_000, 1 << 30] {
                let found = try data.loader(order, threads: threads, bytes: bytes).rest()
                #expect(found.map(\.samples) == expected)
                #expect(found.map(\.indices) == batches)
                #expect(found.map(\.number) == Array(batches.indices))
            }
        }
    }

    @Test func `a loader can start in the middle of the plan`() throws {
        let data = try LoaderData(samples: 20)
        let (batches, order) = data.order(3)
        let loader = data.loader(order, from: 2)
        let found = try loader.rest()
        #expect(found.map(\.indices) == Array(batches[2...]))
        #expect(found.first?.number == 2)
        #expect(try loader.next() == nil)
    }

    @Test func `micro-batches without samples keep their place`() throws {
        let data = try LoaderData(samples: 4)
        let batches = [[], [2, 1], [], [], [0], []]
        for threads in [1, 5] {
            let loader = data.loader(
                { batches.indices.contains($0) ? batches[$0] : nil }, threads: threads)
            #expect(try loader.rest().map(\.indices) == batches)
        }
    }

    @Test func `what is prepared ahead stays within the bytes`() throws {
        let data = try LoaderData(samples: 80)
        let (batches, order) = data.order(4)
        let sizes = try batches.map { try $0.reduce(0) { try $0 + data.set.sample($1).byteCount } }
        let largest = try #require(sizes.max())
        let total = sizes.reduce(0, +)
        for bytes in [largest * 2, largest * 4] {
            let loader = data.loader(order, threads: 4, bytes: bytes)
            while try loader.next() != nil {
                Thread.sleep(forTimeInterval: 0.002)
            }
            #expect(loader.peakBytes <= bytes)
            #expect(loader.peakBytes > bytes / 3)
            #expect(loader.peakBytes < total)
        }
    }

    @Test func `no byte to spare still prepares the next micro-batch, and nothing else`() throws {
        let data = try LoaderData(samples: 30)
        let (batches, order) = data.order(3)
        let loader = data.loader(order, threads: 4, bytes: 0)
        #expect(try loader.rest().map(\.indices) == batches)
        // Reserved bytes are an upper bound: pixels are exact, a text's tokens are not.
        let pixels = batches.map { batch in
            batch.reduce(0) { $0 + (($1 % 5 == 4) ? 0 : ($1 % 7 == 6) ? 2 : 1) } * 3 * 14 * 14 * 4
        }
        let text = (batches.map(\.count).max() ?? 0) * 2048 * 16
        #expect(loader.peakBytes <= (pixels.max() ?? 0) + text)
        #expect(loader.peakBytes >= pixels.max() ?? 0)
    }

    @Test func `the wait for slow samples is counted, and none for those that are ready`() throws {
        let data = try LoaderData(samples: 6)
        let slow = SlowSource(data.set.source, seconds: 0.2)
        let set = TrainingDataSet(
            slow, encoder: data.set.encoder, preparer: data.set.preparer)
        let order: SampleLoader.Order = { $0 < 3 ? [2 * $0, 2 * $0 + 1] : nil }
        let waiting = SampleLoader(set, settings: .init(threads: 1), order: order)
        _ = try waiting.rest()
        #expect(waiting.secondsWaited >= 0.5)
        let ready = SampleLoader(set, settings: .init(threads: 1), order: order)
        ready.start()
        while ready.liveThreads() > 0 { Thread.sleep(forTimeInterval: 0.01) }
        #expect(try ready.rest().count == 3)
        #expect(ready.secondsWaited < waiting.secondsWaited / 2)
    }

    @Test func `a loader that is dropped early leaves no thread`() throws {
        let data = try LoaderData(samples: 60)
        let (_, order) = data.order(4)
        for bytes in [0, 100_000, 1 << 30] {
            let live: @Sendable () -> Int
            do {
                let loader = data.loader(order, threads: 5, bytes: bytes)
                live = loader.liveThreads
                #expect(live() == 0)
                _ = try loader.next()
                if bytes == 0 { #expect(live() == 5) }
            }
            #expect(live() == 0)
        }
    }

    @Test func `stopping ends the threads and the plan`() throws {
        let data = try LoaderData(samples: 60)
        let (_, order) = data.order(4)
        let loader = data.loader(order, threads: 5, bytes: 0)
        _ = try loader.next()
        loader.stop()
        #expect(loader.liveThreads() == 0)
        #expect(try loader.next() == nil)
        loader.stop()
    }

    @Test func `threads end with the plan`() throws {
        let data = try LoaderData(samples: 10)
        let loader = data.loader(data.order(2).order, threads: 3)
        _ = try loader.rest()
        for _ in 0..<500 where loader.liveThreads() > 0 { Thread.sleep(forTimeInterval: 0.01) }
        #expect(loader.liveThreads() == 0)
    }
}

/// A source that takes its time.
private struct SlowSource: SampleSource {
    let source: any SampleSource
    let seconds: Double

    init(_ source: any SampleSource, seconds: Double) {
        self.source = source
        self.seconds = seconds
    }

    var count: Int { source.count }

    func sample(_ number: Int) throws -> ConversationSample {
        Thread.sleep(forTimeInterval: seconds)
        return try source.sample(number)
    }

    func wordCount(_ number: Int) -> Int { source.wordCount(number) }

    func pictureCount(_ number: Int) -> Int { source.pictureCount(number) }

    func place(of number: Int) -> String { source.place(of: number) }

    func imagePath(_ image: String, of number: Int) -> String {
        source.imagePath(image, of: number)
    }
}
