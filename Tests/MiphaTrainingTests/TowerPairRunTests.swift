import Foundation
import MiphaData
import MiphaDeviceSupport
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// Runs of a model with two vision towers, on samples with several images.
@Suite struct TowerPairRunTests {
    private let tiny: TinyRun
    private let run: RunConfiguration
    private static let values = 3 * (28 * 28 + 9 * 9)

    init() throws {
        tiny = try TinyRun()
        let base = tiny.run.model
        let config = try MiphaConfig(folder: base)
        let pair = try TowerPair(
            config.vision.towers[0],
            CLIPConfig(
                hiddenSize: 12, intermediateSize: 20, layerCount: 4, headCount: 2, imageSize: 9,
                patchSize: 2))
        let model = try MiphaModel(
            MiphaConfig(vision: pair, language: config.language),
            source: InitializerSource(generator: RandomGenerator(seed: 6)))
        try model.save(to: base)
        try AtomicFile.write(
            ImageProcessor.siglip(size: 9).encoded(), to: "\(base)/preprocessor_config_2.json")
        run = try tiny.on(
            "pairs",
            [
                Conversation(
                    "<image>\n<image>\nWhich?", "the first", pictures: ["0.png", "1.png"]),
                Conversation("<image>\nWhat?", "a picture", pictures: ["2.png"]),
                Conversation("No picture?", "none"),
                Conversation("<image>\n<image>\nWhich?", "both", pictures: ["2.png", "0.png"]),
            ]
        ) {
            $0.accumulation = 1
            $0.maximumSteps = 4
        }
    }

    @Test func `a batch holds the blocks of each image one after the other`() throws {
        let trainer = try Trainer(
            tiny.with { [run] in
                $0 = run
                $0.tune = [.tower: .full]
            }, resume: .never)
        let preparer = ImagePreparer(
            [.siglip(size: 28), .siglip(size: 9)], aspectRatio: run.resolvedAspectRatio)
        let images = try [0, 1, 2, 2, 0].map {
            try preparer.image(contentsOf: "\(run.imageFolder)/\($0).png")
        }
        let rows = [2, 1, 0, 2].map { Array(repeating: MarkerID.image, count: $0) + [3, 4] }
        var first = 0
        let samples = rows.map { ids -> TrainingSample in
            let count = ids.count - 2
            defer { first += count }
            return TrainingSample(
                ids: ids, labels: ids, images: images[first..<first + count].map(SampleImage.init))
        }
        let batch = try trainer.batch(samples)
        #expect(batch.pixels?.shape == [5, Self.values])
        let expected = images.flatMap { $0.pixels.flatMap(\.values) }
        #expect(try batch.pixels?.values(as: Float.self) == expected)
        #expect(batch.imageCount == 5)
        #expect(SampleImage(images[0]).byteCount == 4 * Self.values)
    }

    private struct Outcome: Equatable {
        var losses: [Double] = []
        var misses = 0
        var hits = 0
    }

    private func outcome(_ run: RunConfiguration) throws -> Outcome {
        var outcome = Outcome()
        let trainer = try Trainer(run, resume: .never)
        _ = try trainer.train(report: {
            outcome.losses.append($0.loss)
            outcome.misses += $0.features?.misses ?? 0
            outcome.hits += $0.features?.hits ?? 0
        })
        return outcome
    }

    @Test func `features of both towers are kept together, and losses are the same bits`() throws {
        let cache = tiny.folder.file("features")
        func cached(_ name: String) throws -> Outcome {
            var run = run
            run.tune = [.tower: .frozen]
            run.featureFolder = cache
            run.outputFolder = tiny.folder.file(name)
            return try outcome(run)
        }
        let first = try cached("first")
        let second = try cached("second")
        #expect(first.losses.count == 4 && second.losses == first.losses)
        #expect(first.misses == 3)
        #expect(second.misses == 0 && second.hits == first.misses + first.hits)
    }

    @Test func `last:1 moves the last block of both towers and nothing before it`() throws {
        var run = run
        run.tune = [.tower: .last(1)]
        let before = try weights(of: run.model)
        _ = try outcome(run)
        let after = try weights(of: run.outputFolder)
        #expect(Set(before.keys) == Set(after.keys))
        let moved = Set(
            before.keys.filter { before[$0] != after[$0] && $0.contains("vision_tower") }.map {
                $0.split(separator: ".").prefix(6).joined(separator: ".")
            })
        #expect(
            moved == [
                "model.vision_tower.vision_model.encoder.layers.1",
                "model.vision_tower_2.vision_model.encoder.layers.2",
            ])
        #expect(
            try FileSystem.read("\(run.outputFolder)/preprocessor_config_2.json", limit: 1 << 20)
                == FileSystem.read("\(run.model)/preprocessor_config_2.json", limit: 1 << 20))
    }

    @Test func `adapters of both towers are written and read`() throws {
        var run = run
        run.stage = .instructLoRA
        run.adapters.rank = 2
        run.tune = [.tower: .lora, .projector: .frozen]
        _ = try outcome(run)
        let adapter = try AdapterFolder(run.outputFolder)
        let model = try MiphaModel(folder: run.model, adapter: adapter, dtype: run.dtype)
        let adapted = model.store.facts.filter {
            $0.role == .matrix && $0.isRun && $0.part == .tower
        }
        .filter { $0.adapter == nil }.map(\.layer)
        let found = model.store.adapters.keys.filter { $0.contains("vision_tower") }
        #expect(Set(found) == Set(adapted))
        #expect(
            Set(found.map { $0.split(separator: ".")[1] }) == ["vision_tower", "vision_tower_2"])
    }

    @Test func `a plan counts both towers`() throws {
        let plan = try RunPlan(run, base: 0)
        #expect(plan.memory.peak.bytes > 0)
    }
}
