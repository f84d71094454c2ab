import Foundation
import MiphaChat
import MiphaData
import MiphaFiles
import MiphaImaging
import MiphaModels
import MiphaTestSupport
import MiphaTokenizers
import MiphaTraining
import Testing

/// What a run learns from: texts, images, labels and masks.
@Suite struct TrainerDataTests {
    private func dataSet(_ run: RunConfiguration) throws -> TrainingDataSet {
        let encoder = try ConversationEncoder(
            tokenizer: Tokenizer(folder: run.model), template: ChatFormat.named("phi"),
            options: EncodingOptions(
                labels: run.labelPolicy == .offsets ? .offsets : .reference,
                maximumLength: run.maximumLength))
        return try TrainingDataSet(
            SampleIndex(run.sources), encoder: encoder, processor: .siglip(size: 28),
            aspectRatio: .pad)
    }

    private let multiTurn = [
        Conversation("<image>\nOne?", "yes", "Two?", "no it is", pictures: ["0.png"]),
        Conversation("Three?", "no", "Four?", "yes", "Five?", "six"),
    ]
    private let singleTurn = [
        Conversation("<image>\nOne?", "yes it is", pictures: ["0.png"]), Conversation("Two?", "no"),
    ]

    @Test func `samples with and without images learn together as they do alone`() throws {
        let tiny = try TinyRun()
        let change: (inout RunConfiguration) -> Void = {
            $0.batchSize = 2; $0.accumulation = 1
        }
        let both = try appliedGradients(tiny.on("both", singleTurn, change))
        let pictured = try appliedGradients(tiny.on("pictured", [singleTurn[0]], change))
        let text = try appliedGradients(tiny.on("text", [singleTurn[1]], change))
        let (a, b) = (
            Double(pictured.progress?.supervisedTokens ?? 0),
            Double(text.progress?.supervisedTokens ?? 0)
        )
        #expect(a > 0 && b > 0 && a != b)
        #expect(both.progress?.supervisedTokens == Int(a + b))
        var expected: [String: [Float]] = [:]
        for (name, values) in pictured.gradients {
            let other = text.gradients[name] ?? Array(repeating: 0, count: values.count)
            expected[name] = zip(values, other).map {
                Float((Double($0) * a + Double($1) * b) / (a + b))
            }
        }
        #expect(relativeDistance(both.gradients, expected) < 1e-6)
        let tower = text.gradients.filter {
            $0.key.hasPrefix("model.vision_tower.") || $0.key.hasPrefix("model.mm_projector.")
        }
        #expect(norm(tower) == 0)
    }

    @Test func `each of several images counts, in its place`() throws {
        let tiny = try TinyRun()
        func loss(_ name: String, _ pictures: [String]) throws -> TrainingProgress {
            let run = try tiny.on(
                name,
                [Conversation("<image> and <image>\nSame?", "no they differ", pictures: pictures)]
            ) { $0.maximumSteps = 1 }
            return try #require(try progress(run).first)
        }
        let first = try loss("ab", ["0.png", "1.png"])
        let swapped = try loss("ba", ["1.png", "0.png"])
        let same = try loss("aa", ["0.png", "0.png"])
        let one = try progress(
            tiny.on("a", [Conversation("<image>\nSame?", "no they differ", pictures: ["0.png"])]) {
                $0.maximumSteps = 1
            })
        #expect(first.tokens > 32 && first.tokens == swapped.tokens)
        let single = try #require(one.first)
        #expect(first.tokens > 16 + single.tokens)
        #expect(Set([first.loss, swapped.loss, same.loss]).count == 3)
    }

    @Test func `a marker beyond the maximum length takes its image with it`() throws {
        let tiny = try TinyRun()
        let samples = [
            Conversation("<image> <image>\nSame?", "no", pictures: ["0.png", "absent.png"])
        ]
        let one = [Conversation("<image>\nX", "no", pictures: ["0.png"])]
        let whole = try dataSet(tiny.on("whole", one)).sample(0)
        let place = try #require(whole.ids.firstIndex(of: MarkerID.image))
        let run = try tiny.on("cut", samples) { $0.maximumLength = place + 1 }
        let cut = try dataSet(run).sample(0)
        #expect(cut.ids.count == place + 1)
        #expect(cut.images == whole.images && cut.images.count == 1)
    }

    @Test func `masking the padding id hides ends of turns from later turns only`() throws {
        let tiny = try TinyRun()
        try tiny.padWithEndOfText()
        func loss(_ name: String, _ data: [Conversation], _ mask: AttentionMaskPolicy) throws
            -> Double
        {
            let run = try tiny.on("\(name)-\(mask.rawValue)", data) {
                $0.attentionMask = mask
                $0.maximumSteps = 1
                $0.accumulation = 1
            }
            return try #require(try progress(run).first).loss
        }
        let single = try loss("single", singleTurn, .length)
        #expect(abs(try loss("single", singleTurn, .notPad) - single) < 1e-6 * single)
        let multi = try loss("multi", multiTurn, .length)
        #expect(abs(try loss("multi", multiTurn, .notPad) - multi) > 1e-6 * multi)
    }

    @Test func `label policies agree but for texts that break the reference's count`() throws {
        let tiny = try TinyRun()
        let data = multiTurn + [Conversation("Say it.", "He said ASSISTANT: no, twice")]
        let offsets = try dataSet(tiny.on("offsets", data))
        let reference = try dataSet(tiny.on("reference", data) { $0.labelPolicy = .reference })
        for index in multiTurn.indices {
            #expect(try offsets.sample(index) == reference.sample(index))
        }
        let (kept, masked) = try (offsets.sample(2), reference.sample(2))
        #expect(kept.ids == masked.ids)
        #expect(kept.labels.contains { $0 != MarkerID.ignored })
        #expect(masked.labels.allSatisfy { $0 == MarkerID.ignored })
        let change: (inout RunConfiguration) -> Void = {
            $0.batchSize = 1
            $0.accumulation = 3
            $0.maximumSteps = 1
        }
        let all = try #require(try progress(tiny.on("all", data, change)).first)
        let fewer = try #require(
            try progress(
                tiny.on("fewer", data) {
                    change(&$0)
                    $0.labelPolicy = .reference
                }
            ).first)
        let without = try #require(
            try progress(
                tiny.on("without", multiTurn) {
                    change(&$0)
                    $0.accumulation = 2
                }
            ).first)
        #expect(all.supervisedTokens > fewer.supervisedTokens)
        #expect(fewer.supervisedTokens == without.supervisedTokens)
        #expect(abs(fewer.loss - without.loss) < 1e-6)
        #expect(fewer.gradientNorm.isFinite && fewer.gradientNorm > 0)
    }

    @Test(arguments: LossReduction.allCases)
    func `updates without a single label change nothing`(reduction: LossReduction) throws {
        let tiny = try TinyRun()
        let run = try tiny.on("ignored", multiTurn) {
            $0.maximumLength = 6
            $0.lossReduction = reduction
            $0.optimizer.weightDecay = 0.1
            $0.warmupRatio = 0
            $0.maximumSteps = 2
        }
        let reports = try progress(run)
        #expect(reports.map(\.supervisedTokens) == [0, 0])
        #expect(reports.allSatisfy { $0.loss.isNaN && $0.gradientNorm == 0 })
        #expect(try weights(of: run.outputFolder) == weights(of: run.model))
    }

    @Test func `a sample that cannot be encoded is named at its step with its file`() throws {
        let tiny = try TinyRun()
        let good = Array(repeating: Conversation("Three?", "no"), count: 5)
        let file = try tiny.data("good.json", good)
        let pictures = ["0.png", "1.png", "2.png"]
        let run = try tiny.on(
            "broken", [Conversation("<image> <image>\nTwo?", "no", pictures: pictures)]
        ) {
            $0.dataFiles.insert(file, at: 0)
            $0.batchSize = 1
            $0.accumulation = 1
            $0.saveSteps = 1
        }
        let order = try Trainer(run).plan.order(epoch: 0)
        let step = try #require(order.firstIndex(of: 5))
        var reports: [TrainingProgress] = []
        let error = #expect(throws: ChatError.self) {
            _ = try Trainer(run).train(report: { reports.append($0) })
        }
        #expect(error?.description.contains("broken.json: item 0: ") == true)
        #expect(reports.map(\.step) == Array(1..<step + 1))
    }

    @Test func `markers without images are named under the reference's labels too`() throws {
        let tiny = try TinyRun()
        let run = try tiny.on(
            "marked",
            [Conversation("<image>\nOne?", "a", "<image>\nTwo?", "b", pictures: ["0.png"])]
        ) { $0.labelPolicy = .reference }
        let error = #expect(throws: ChatError.self) { try progress(run) }
        #expect(error?.description.contains("marked.json: item 0: expected 2 images") == true)
    }

    @Test func `a text run refuses images by the sample's name`() throws {
        let tiny = try TinyRun()
        let run = tiny.with { $0.stage = .sft }
        let error = #expect(throws: TrainingError.self) { try Trainer(run) }
        #expect(
            error?.description.hasSuffix("item 0 has an image, but this run takes none") == true)
    }

    @Test func `no samples is an error`() throws {
        let tiny = try TinyRun()
        let error = #expect(throws: DataError.self) { try progress(tiny.on("none", [])) }
        #expect(error?.description.contains("expected at least one conversation") == true)
    }
}
