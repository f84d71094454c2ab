import Foundation
import MiphaChat
import MiphaData
import MiphaDataFaults
import MiphaFiles
import MiphaImaging
import MiphaTestSupport
import MiphaTokenizers

/// Conversations with drawn images, and what prepares them.
struct LoaderData {
    let folder: TemporaryFolder
    let set: TrainingDataSet
    let items: FaultyDataSet

    /// Every fifth sample is text only, every seventh has two images.
    init(samples: Int) throws {
        try self.init(FaultyDataSet(samples: samples))
    }

    /// The same images with the items as they are now.
    init(rereading other: LoaderData) throws {
        try self.init(other.items)
    }

    private init(_ items: FaultyDataSet) throws {
        self.items = items
        folder = items.folder
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: PackagePaths.fixture("tokenizers/small")),
            template: .phi,
            // What is reserved for a text follows this; the default is many times these texts.
            options: EncodingOptions(maximumLength: 256))
        set = TrainingDataSet(
            try SampleIndex([
                ConversationSource(file: items.write(), imageFolder: items.images)
            ]),
            encoder: encoder, processor: .siglip(size: 14), aspectRatio: .pad)
    }

    func remove(_ picture: String) throws {
        try FileManager.default.removeItem(atPath: items.path(picture))
    }

    /// Micro-batches of some sizes over a permutation of all samples.
    func order(_ size: Int) -> (batches: [[Int]], order: SampleLoader.Order) {
        var generator = SplitMix64(seed: 3)
        var left = Array(0..<set.count)
        var batches: [[Int]] = []
        while !left.isEmpty {
            let count = min(left.count, 1 + Int(generator.next() % UInt64(2 * size - 1)))
            batches.append(
                (0..<count).map { _ in
                    left.remove(at: Int(generator.next() % UInt64(left.count)))
                })
        }
        let all = batches
        return (all, { all.indices.contains($0) ? all[$0] : nil })
    }

    func loader(
        _ order: @escaping SampleLoader.Order, threads: Int = 3, bytes: Int = 1 << 30,
        policy: BadSamplePolicy = .fail, from first: Int = 0
    ) -> SampleLoader {
        SampleLoader(
            set,
            settings: SampleLoader.Settings(threads: threads, byteBudget: bytes, policy: policy),
            from: first, order: order)
    }
}

extension SampleLoader {
    /// All micro-batches that are left.
    func rest() throws -> [MicroBatch] { try next(.max) }
}
