import Foundation
import MiphaData
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// A feature cache whose budget is spent, or that cannot be written.
@Suite struct FeatureRoomTests {
    private let temporary: TemporaryFolder
    private let root: String
    private let images: [SampleImage]
    /// Bytes of an entry: four patches of 16 float32 values and a digest.
    private let size = 4 * 16 * 4 + 32

    init() throws {
        temporary = try TemporaryFolder()
        root = temporary.file("features")
        var random = SplitMix64(seed: 9)
        images = try (0..<8).map { _ in try .random(&random) }
    }

    /// A model with a tower of its own.
    private static func model(_ tower: Double) throws -> MiphaModel {
        let model = try TinyModel(dropout: 0).model
        for (name, tensor) in model.store.parameters where name.contains(".vision_tower.") {
            try withoutGradients { () throws(TensorError) in try tensor.scale(by: tower) }
        }
        return model
    }

    private func store(_ tower: Double, entries: Int, writers: Int = 1) throws -> FeatureStore {
        try FeatureStore(
            folder: root, budget: entries * size, model: Self.model(tower), writers: writers)
    }

    @discardableResult
    private func values(_ store: FeatureStore, _ places: Range<Int>) throws -> [Float] {
        let features = try #require(try store.features(of: places.map { images[$0] }))
        return try features.values(as: Float.self)
    }

    /// Number of entries of each tower's folder.
    private func entries() throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for folder in try FileManager.default.contentsOfDirectory(atPath: root) {
            counts[folder] = try FileManager.default.subpathsOfDirectory(
                atPath: "\(root)/\(folder)"
            )
            .count { $0.hasSuffix(".features") }
        }
        return counts
    }

    /// The folder of a tower that has none yet, with entries, and when it was used.
    private func fill(_ tower: Double, _ places: Range<Int>, hoursAgo: Double) throws -> String {
        let before = Set((try? entries())?.keys ?? [:].keys)
        try values(store(tower, entries: 100), places)
        let new = try #require(try entries().keys.first { !before.contains($0) })
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now.addingTimeInterval(-3600 * hoursAgo)],
            ofItemAtPath: "\(root)/\(new)/in-use")
        return new
    }

    @Test func `towers that nobody uses make room, the one that was not used longest first`()
        throws
    {
        let recent = try fill(2, 0..<2, hoursAgo: 1)
        let old = try fill(3, 0..<3, hoursAgo: 3)
        let middle = try fill(4, 0..<1, hoursAgo: 2)
        let store = try store(1, entries: 7)
        #expect(store.byteCount == 6 * size)
        try values(store, 0..<3)
        #expect(try entries()[recent] == 2 && entries()[old] == 1 && entries()[middle] == 1)
        try values(store, 3..<5)
        #expect(try entries()[recent] == 2 && entries()[middle] == nil && entries()[old] == nil)
        try values(store, 5..<8)
        #expect(try entries().values.sorted() == [7])
        #expect(store.byteCount == 7 * size && store.counts.misses == 8)
        try values(store, 0..<7)
        #expect(store.counts.hits == 7)
    }

    @Test func `a smaller budget removes what is left of other towers at the start`() throws {
        _ = try fill(2, 0..<5, hoursAgo: 1)
        #expect(try store(1, entries: 2).byteCount == 2 * size)
        #expect(try entries().values.sorted() == [0, 2])
    }

    @Test func `a tower in use keeps its entries`() throws {
        do {
            let used = try store(2, entries: 3)
            try values(used, 0..<3)
            let other = try store(1, entries: 3)
            try values(other, 0..<3)
            #expect(try entries().values.sorted() == [0, 3])
            try values(used, 0..<3)
            #expect(used.counts.hits == 3)
        }
        try values(store(1, entries: 3), 0..<3)
        #expect(try entries().values.sorted() == [3])
    }

    @Test func `an entry that somebody removed is computed and written again`() throws {
        let store = try store(1, entries: 9)
        let expected = try values(store, 0..<4)
        let folder = try #require(try entries().keys.first)
        try FileManager.default.removeItem(atPath: "\(root)/\(folder)")
        #expect(try values(store, 0..<4) == expected)
        #expect(store.counts.misses == 8 && store.takeFailure() == nil)
        #expect(try entries()[folder] == 4)
    }

    @Test func `two processes that make room at once never exceed the budget`() throws {
        _ = try fill(2, 0..<8, hoursAgo: 1)
        let (root, size, images) = (root, size, images)
        let written = try onRanks(2) { rank -> Int in
            let store = try FeatureStore(
                folder: root, budget: 8 * size, model: Self.model(1), writers: 2)
            for place in 0..<4 { _ = try store.features(of: [images[4 * rank + place]]) }
            return store.counts.misses
        }
        #expect(written == [4, 4])
        // A process that meets the other at a folder may leave an entry unwritten, or an empty folder.
        let counts = try entries().values
        #expect(counts.reduce(0, +) <= 8 && (counts.max() ?? 0) >= 4, "\(counts)")
    }

    /// Files stand where the folders of entries would be.
    private func obstruct(_ folder: String) throws {
        for part in 0..<256 {
            let name = String(part + 256, radix: 16).dropFirst()
            try AtomicFile.write("", to: "\(folder)/\(name)")
        }
    }

    @Test func `what cannot be written is reported once and ends the writing, nothing else`() throws
    {
        let expected = try values(store(1, entries: 0), 0..<4)
        let store = try store(1, entries: 9)
        let folder = try "\(root)/" + #require(try entries().keys.first)
        try obstruct(folder)
        #expect(try values(store, 0..<3) == Array(expected.prefix(3 * 64)))
        let failure = try #require(store.takeFailure())
        #expect(failure.hasPrefix("feature_cache: no more entries are written: cannot "))
        #expect(failure.contains(folder))
        try FileManager.default.removeItem(atPath: folder)
        #expect(try values(store, 0..<4) == expected)
        #expect(store.takeFailure() == nil && store.counts.misses == 7)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func `a run reports hits and misses, and goes on when its cache cannot be written`()
        throws
    {
        let tiny = try TinyRun()
        let captions = try tiny.data(
            "captions.json",
            [0, 1, 2, 4, 5, 6].map {
                Conversation("<image>", "picture \($0)", pictures: ["\($0).png"])
            })
        let run = tiny.with {
            $0.stage = .align
            $0.dataFiles = [captions]
            $0.maximumSteps = nil
            $0.epochs = 2
            $0.accumulation = 1
            $0.featureFolder = root
        }
        func lines(_ name: String) throws -> [JSONValue] {
            try String(contentsOfFile: "\(run.outputFolder)/\(name).jsonl", encoding: .utf8)
                .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
        let losses = try progress(run).map(\.loss)
        #expect(try lines("metrics").map { $0["feature_hits"] } == [0, 0, 0, 2, 2, 2])
        #expect(try lines("metrics").map { $0["feature_misses"] } == [2, 2, 2, 0, 0, 0])
        try FileManager.default.removeItem(atPath: root)
        let trainer = try Trainer(run, resume: .never)
        try obstruct("\(root)/" + #require(try entries().keys.first))
        var reports: [TrainingProgress] = []
        var notes: [String] = []
        _ = try trainer.train(report: { reports.append($0) }, note: { notes.append($0) })
        #expect(reports.map(\.loss) == losses)
        #expect(reports.allSatisfy { $0.features == FeatureStore.Counts(hits: 0, misses: 2) })
        #expect(try lines("incidents").map { $0["kind"] } == ["feature_cache_failed"])
        #expect(try lines("incidents").map { $0["step"] } == [1])
        #expect(notes.count { $0.hasPrefix("warning: update 1: feature_cache: ") } == 1)
        try progress(tiny.with { $0.maximumSteps = 1 }, resume: .never)
        #expect(try lines("metrics").allSatisfy { $0["feature_hits"] == nil })
    }
}
