import Foundation
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Features of a frozen tower, kept on disk.
@Suite struct FeatureStoreTests {
    private let tiny: TinyModel
    private let temporary: TemporaryFolder
    private let images: [SampleImage]

    init() throws {
        tiny = try TinyModel(dropout: 0)
        temporary = try TemporaryFolder()
        var random = SplitMix64(seed: 9)
        images = try (0..<4).map { _ in try .random(&random) }
    }

    private func store(_ name: String = "store", budget: Int = 1 << 20) throws -> FeatureStore {
        try FeatureStore(folder: temporary.file(name), budget: budget, model: tiny.model)
    }

    private func values(_ store: FeatureStore, _ places: [Int]) throws -> [Float] {
        let features = try #require(try store.features(of: places.map { images[$0] }))
        return try features.values(as: Float.self)
    }

    private func entries(_ name: String = "store") throws -> [String] {
        let folder = temporary.file(name)
        return try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".features") }.map { "\(folder)/\($0)" }.sorted()
    }

    @Test func `an empty, a full and a spent store give the same bits`() throws {
        let first = try store()
        let computed = try values(first, [0, 1, 2, 0])
        #expect(first.counts.misses == 3 && first.counts.hits == 1)
        let second = try store()
        #expect(try values(second, [0, 1, 2, 0]) == computed)
        #expect(second.counts.misses == 0 && second.counts.hits == 4)
        #expect(second.byteCount == first.byteCount)
        let none = try store("none", budget: 0)
        #expect(try values(none, [0, 1, 2, 0]) == computed)
        #expect(none.counts.hits == 0 && none.byteCount == 0)
    }

    @Test func `the batch an image came in first does not matter`() throws {
        let alone = try values(store("alone"), [3])
        let together = try values(store("together"), [0, 1, 2, 3])
        #expect(Array(together.suffix(alone.count)) == alone)
    }

    @Test func `the budget is kept`() throws {
        let one = try store("one")
        _ = try values(one, [0])
        let limited = try store("limited", budget: 2 * one.byteCount)
        _ = try values(limited, [0, 1, 2, 3])
        #expect(limited.byteCount == 2 * one.byteCount)
        #expect(try entries("limited").count == 2)
        #expect(try store("limited").byteCount == 2 * one.byteCount)
    }

    @Test func `damaged entries are computed again`() throws {
        let expected = try values(store(), [0, 1, 2])
        let files = try entries()
        var bytes = try Data(contentsOf: URL(filePath: files[0]))
        bytes[50] ^= 1
        try bytes.write(to: URL(filePath: files[0]))
        try Data().write(to: URL(filePath: files[1]))
        try bytes.prefix(40).write(to: URL(filePath: files[2]))
        let again = try store()
        #expect(try values(again, [0, 1, 2]) == expected)
        #expect(again.counts.misses == 3)
    }

    @Test func `another tower shares no entry`() throws {
        _ = try values(store(), [0])
        for (name, tensor) in tiny.model.store.parameters where name.contains(".vision_tower.") {
            try withoutGradients { () throws(TensorError) in try tensor.scale(by: 1.5) }
        }
        let other = try store()
        _ = try values(other, [0])
        #expect(other.counts.misses == 1)
    }

    @Test func `learning from features equals learning from pixels`() throws {
        var batch = try tiny.batch(answers: [2, 5, 3], pictures: true)
        func learn() throws -> (loss: Double, gradients: [String: [Float]]) {
            try tiny.model.store.train { !$0.contains(".vision_tower.") }
            let chain = try tiny.model.lossChain(batch, dropout: nil)
            let loss = try SegmentedBackward()(chain, scale: 1)
            return (loss, try tiny.takeGradients())
        }
        let whole = try learn()
        let pixels = try #require(try batch.pixels?.values(as: Float.self))
        let size = 3 * 14 * 14
        batch.features = try store().features(
            of: (0..<3).map { try SampleImage(tiny: Array(pixels[$0 * size..<($0 + 1) * size])) })
        batch.pixels = nil
        let kept = try learn()
        #expect(abs(kept.loss - whole.loss) <= 1e-6 * whole.loss)
        #expect(Set(kept.gradients.keys) == Set(whole.gradients.keys))
        let projector = try #require(kept.gradients.keys.first { $0.contains("mm_projector") })
        #expect(kept.gradients[projector]?.contains { $0 != 0 } == true)
    }

    @Test func `two writers of one folder share its budget and spoil no entry`() throws {
        let expected = try values(store("alone"), [0, 1, 2, 3])
        let one = try store("one")
        _ = try values(one, [0])
        let size = one.byteCount
        let (folder, images) = (temporary.file("shared"), images)
        let results = try onRanks(2) { rank -> [Float] in
            let store = try FeatureStore(
                folder: folder, budget: 2 * size, model: TinyModel(dropout: 0).model, writers: 2)
            let order = rank == 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]
            var values: [Int: [Float]] = [:]
            for place in order + order {
                values[place] = try store.features(of: [images[place]])?.values(as: Float.self)
            }
            return (0..<4).flatMap { values[$0] ?? [] }
        }
        #expect(results == [expected, expected])
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.contains(".features") }
        #expect(files.count <= 2 && files.allSatisfy { $0.hasSuffix(".features") })
        let again = try store("shared")
        #expect(again.byteCount == files.count * size)
        #expect(try values(again, [0, 1, 2, 3]) == expected)
        #expect(again.counts.hits == files.count)
    }
}
