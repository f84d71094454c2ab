import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import Testing

/// What becomes of samples that cannot be used.
@Suite struct BadSampleTests {
    private let order: SampleLoader.Order = { $0 < 4 ? [3 * $0, 3 * $0 + 1, 3 * $0 + 2] : nil }

    /// Twelve samples: 1's image is missing, 3 has markers too many, and of sample 6's two
    /// images the second is cut; 9 to 11 are all bad.
    private func faulty() throws -> LoaderData {
        let data = try LoaderData(samples: 9)
        try data.remove("1.png")
        guard var object = data.items.items[3].objectValue else { return data }
        object.append(" <image>", toTurn: 0)
        object.append(" <image>", toTurn: 2)
        data.items.items[3] = .object(object)
        let cut = try Array(data.items.bytes("6-1.png").dropLast(9))
        try AtomicFile.write(cut, to: data.items.path("6-1.png"))
        for _ in 0..<3 { try data.items.addPicture { _ in Array("no picture".utf8) } }
        return try LoaderData(rereading: data)
    }

    @Test func `skipped samples are recorded exactly, in order, for any number of threads`() throws
    {
        let data = try faulty()
        for threads in [1, 2, 7] {
            let loader = data.loader(order, threads: threads, policy: .skip)
            let batches = try loader.rest()
            #expect(batches.map(\.indices) == [[0, 2], [4, 5], [7, 8], []])
            #expect(batches[3].samples.isEmpty)
            #expect(try batches[1].samples == [4, 5].map(data.set.sample))
            let bad = loader.badSamples
            try #require(bad.map(\.sample) == [1, 3, 6, 9, 10, 11])
            #expect(bad.map(\.microBatch) == [0, 1, 2, 3, 3, 3])
            #expect(bad.map(\.id) == ["s1", "s3", "s6", "s9", "s10", "s11"])
            #expect(bad.allSatisfy { $0.action == .skipped && $0.reasons.count == 1 })
            #expect(bad == batches.flatMap(\.badSamples))
            let file = data.folder.file("data.json")
            #expect(bad[1].place == "\(file): item 3")
            #expect(bad[1].reasons[0].hasPrefix("\(file): item 3: "))
            #expect(bad[0].reasons[0].contains("1.png"))
            #expect(bad[2].reasons[0].contains("6-1.png"))
        }
    }

    @Test func `blank images have the mean colour and only replace what is bad`() throws {
        let data = try faulty()
        let loader = data.loader(order, policy: .blank)
        let batches = try loader.rest()
        try #require(batches.map(\.indices) == [[0, 1, 2], [4, 5], [6, 7, 8], [9, 10, 11]])
        let bad = loader.badSamples
        #expect(bad.map(\.sample) == [1, 3, 6, 9, 10, 11])
        #expect(
            bad.map(\.action) == [.blanked, .skipped, .blanked, .blanked, .blanked, .blanked])
        func pixels(_ sample: TrainingSample) -> [[Float]] {
            sample.images.compactMap { $0.prepared?.pixels[0].values }
        }
        let blank = pixels(batches[0].samples[1])
        #expect(blank.count == 1 && blank[0].count == 3 * 14 * 14)
        // SigLIP's mean is 127 of 255, which normalises to 127 / 127.5 - 1.
        #expect(blank[0].allSatisfy { abs($0 - (127 / 127.5 - 1)) < 1e-6 })
        let both = pixels(batches[2].samples[0])
        #expect(both[1] == blank[0] && both[0] != blank[0])
        try data.items.draw("6-1.png")
        #expect(try pixels(data.set.sample(6))[0] == both[0])
        #expect(batches[0].samples[1].images == batches[3].samples[0].images)
    }

    @Test func `failing names the first bad sample at its own micro-batch`() throws {
        let data = try faulty()
        try data.items.draw("1.png")
        for threads in [1, 4] {
            let loader = data.loader(order, threads: threads)
            #expect(try loader.next()?.indices == [0, 1, 2])
            for _ in 0..<2 {
                let error = #expect(throws: ChatError.self) { try loader.next() }
                #expect(error?.message.contains("item 3: ") == true)
            }
            #expect(loader.liveThreads() == 0)
            #expect(loader.badSamples.isEmpty)
        }
    }

    @Test func `an image that vanishes during the run obeys the policy`() throws {
        for policy in BadSamplePolicy.allCases {
            let data = try LoaderData(samples: 12)
            let loader = data.loader(order, threads: 2, bytes: 0, policy: policy)
            #expect(try loader.next()?.samples.count == 3)
            try data.remove("10.png")
            switch policy {
            case .fail:
                #expect(throws: ImagingError.self) { try loader.rest() }
            case .skip:
                #expect(try loader.rest().last?.indices == [9, 11])
            case .blank:
                #expect(try loader.rest().last?.indices == [9, 10, 11])
            }
            #expect(loader.badSamples.map(\.sample) == (policy == .fail ? [] : [10]))
        }
    }
}
