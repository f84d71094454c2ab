import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import Synchronization
import Testing

/// Images that are asked for before they are decoded.
@Suite struct FeatureLookupTests {
    /// Features that somebody keeps.
    private final class Kept: Sendable {
        private let values = Mutex<[ImageID: [UInt8]]>([:])

        func find(_ id: ImageID) -> [UInt8]? { values.withLock { $0[id] } }

        func keep(_ id: ImageID, _ bytes: [UInt8]) { values.withLock { $0[id] = bytes } }

        var count: Int { values.withLock { $0.count } }
    }

    /// The samples of a data set with a preparer of their own, which asks for features.
    private func asking(
        _ data: LoaderData, _ lookup: FeatureLookup?
    ) -> (set: TrainingDataSet, preparer: ImagePreparer) {
        let preparer = ImagePreparer(.siglip(size: 14), aspectRatio: .pad)
        let set = TrainingDataSet(data.set.source, encoder: data.set.encoder, preparer: preparer)
        return (set.asking(lookup), preparer)
    }

    private func loader(
        _ set: TrainingDataSet, threads: Int, bytes: Int = 1 << 30,
        policy: BadSamplePolicy = .fail, _ order: @escaping SampleLoader.Order
    ) -> SampleLoader {
        SampleLoader(
            set, settings: .init(threads: threads, byteBudget: bytes, policy: policy), order: order)
    }

    private static let bytes: [UInt8] = Array(0..<200)

    @Test func `an image with features is not decoded`() throws {
        let data = try LoaderData(samples: 20)
        let (batches, order) = data.order(3)
        for threads in [1, 5] {
            let (set, preparer) = asking(
                data, FeatureLookup(byteCount: 200) { _ in Self.bytes })
            let found = try loader(set, threads: threads, order).rest()
            #expect(found.map(\.indices) == batches)
            #expect(try found.map(\.samples) == batches.map { try $0.map(data.set.sample) })
            #expect(preparer.decodings.count == 0)
            let images = found.flatMap(\.samples).flatMap(\.images)
            #expect(images.count > 10)
            #expect(images.allSatisfy { $0.prepared == nil && $0.byteCount == 200 })
        }
    }

    @Test func `without a lookup every image is decoded each time`() throws {
        let data = try LoaderData(samples: 10)
        let (set, preparer) = asking(data, nil)
        let found = try loader(set, threads: 3) { $0 < 3 ? Array(0..<10) : nil }.rest()
        #expect(preparer.decodings.count == found.flatMap(\.samples).flatMap(\.images).count)
        #expect(preparer.decodings.count == 3 * 9)
    }

    @Test func `an image is decoded once while samples show it`() throws {
        let data = try LoaderData(samples: 10)
        for threads in [1, 2, 7] {
            let (set, preparer) = asking(data, FeatureLookup(byteCount: 200) { _ in nil })
            let order: SampleLoader.Order = { $0 < 3 ? Array(0..<10) : nil }
            // What is delivered is held until the end.
            let found = try loader(set, threads: threads, order).rest()
            #expect(preparer.decodings.count == 9)
            #expect(
                try found.map(\.samples) == (0..<3).map { _ in try (0..<10).map(data.set.sample) })
        }
    }

    @Test func `features that are kept before samples go spare every later decoding`() throws {
        let data = try LoaderData(samples: 10)
        for threads in [1, 3, 7] {
            for bytes in [0, 20_000, 1 << 30] {
                let kept = Kept()
                let (set, preparer) = asking(data, FeatureLookup(byteCount: 200, find: kept.find))
                let loader = loader(set, threads: threads, bytes: bytes) { number in
                    number < 20 ? [2 * number % 10, (2 * number + 1) % 10] : nil
                }
                while let batch = try loader.next() {
                    withExtendedLifetime(batch) {
                        for image in batch.samples.flatMap(\.images) where image.prepared != nil {
                            kept.keep(image.id, Self.bytes)
                        }
                    }
                }
                #expect(kept.count == 9 && preparer.decodings.count == 9)
                #expect(loader.badSamples.isEmpty)
            }
        }
    }

    @Test func `features count as bytes, and reserved bytes cover them`() throws {
        let data = try LoaderData(samples: 40)
        let features = [UInt8](repeating: 1, count: 20_000)
        let (set, _) = asking(data, FeatureLookup(byteCount: features.count) { _ in features })
        let (batches, order) = data.order(3)
        let sizes = try batches.map { try $0.reduce(0) { try $0 + set.sample($1).byteCount } }
        let largest = try #require(sizes.max())
        #expect(largest > features.count)
        let loader = loader(set, threads: 4, bytes: 3 * largest, order)
        #expect(try loader.rest().map(\.indices) == batches)
        #expect(loader.peakBytes <= 3 * largest)
    }

    @Test func `a changed file is decoded, a damaged one and a missing one are bad samples`() throws
    {
        let data = try LoaderData(samples: 4)
        let kept = Kept()
        let (set, preparer) = asking(data, FeatureLookup(byteCount: 200, find: kept.find))
        for number in 0..<4 {
            for image in try set.sample(number).images { kept.keep(image.id, Self.bytes) }
        }
        #expect(kept.count == 4 && preparer.decodings.count == 4)
        try data.items.draw("0.png")
        try AtomicFile.write(
            Array(try data.items.bytes("1.png").dropLast(9)), to: data.items.path("1.png"))
        try data.remove("2.png")
        let loader = loader(set, threads: 2, policy: .skip) { $0 < 1 ? [0, 1, 2, 3] : nil }
        let found = try loader.rest()
        #expect(found.map(\.indices) == [[0, 3]])
        #expect(found[0].samples[0].images[0].prepared != nil)
        #expect(found[0].samples[1].images[0].prepared == nil)
        #expect(loader.badSamples.map(\.sample) == [1, 2])
        #expect(preparer.decodings.count == 6)
    }

    @Test func `files with the same damage are each named`() throws {
        let data = try LoaderData(samples: 6)
        let cut = try Array(data.items.bytes("0.png").dropLast(9))
        let bad = [0, 1, 2, 3]
        for number in bad { try AtomicFile.write(cut, to: data.items.path("\(number).png")) }
        for threads in [1, 4] {
            let (set, _) = asking(data, FeatureLookup(byteCount: 200) { _ in nil })
            let loader = loader(set, threads: threads, policy: .blank) { $0 < 1 ? bad : nil }
            let images = try loader.rest().flatMap(\.samples).flatMap(\.images)
            #expect(images.count == 4 && Set(images.map(\.id)).count == 1)
            #expect(loader.badSamples.map(\.sample) == bad)
            for sample in loader.badSamples {
                #expect(sample.reasons.count == 1)
                #expect(sample.reasons[0].contains("\(sample.sample).png"))
            }
        }
    }
}
