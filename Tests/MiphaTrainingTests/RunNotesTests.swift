import MiphaData
import MiphaImaging
import MiphaNN
import MiphaTestSupport
import MiphaTraining
import Testing

/// The notes that a run and `mipha plan` report before the first update.
@Suite struct RunNotesTests {
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
    }

    private func notes(
        _ change: (inout RunConfiguration) -> Void
    ) throws -> [String] {
        let run = tiny.with(change)
        let notes = try RunPlan(run, base: 0).notes
        #expect(try Trainer(run).notes == notes)
        return notes
    }

    @Test func `a usual run has nothing to report`() throws {
        #expect(try notes { _ in } == [])
        #expect(try notes { $0.schedule = .wsd } == [])
        #expect(try notes { ($0.warmupRatio, $0.maximumSteps) = (0, 1) } == [])
    }

    @Test(arguments: LearningRateSchedule.Shape.allCases, [0.03, 1])
    func `a run of one update learns, with a warm-up too`(
        shape: LearningRateSchedule.Shape, warmup: Double
    ) throws {
        let run = tiny.with {
            ($0.maximumSteps, $0.schedule, $0.warmupRatio) = (1, shape, warmup)
        }
        let trainer = try Trainer(run)
        #expect(
            trainer.notes == [
                "warmup_ratio: \(warmup): the only update would have the rate 0, so there is no "
                    + "warm-up"
            ])
        #expect(try RunPlan(run, base: 0).warmupSteps == 0)
        let reports = try progress(run)
        #expect(reports.map(\.learningRate) == [run.learningRate])
        #expect(try weights(of: run.outputFolder) != weights(of: run.model))
    }

    @Test func `a rate that never rises to its height is reported, and is transformers'`() throws {
        let all = try notes { ($0.maximumSteps, $0.warmupRatio) = (5, 1) }
        #expect(
            all == [
                "warmup_ratio: 1.0: the rate rises to 80.0 % of learning_rate only, because 5 updates "
                    + "have no room for 5 of warm-up"
            ])
        let decay = try notes {
            ($0.schedule, $0.decayRatio, $0.warmupRatio, $0.maximumSteps) = (.wsd, 1, 0.5, 6)
        }
        #expect(
            decay == [
                "warmup_ratio: 0.5: the rate rises to 66.7 % of learning_rate only, because 6 updates "
                    + "have no room for 3 of warm-up and 6 of decay_ratio"
            ])
        let reports = try progress(
            tiny.with { ($0.maximumSteps, $0.warmupRatio) = (5, 1) })
        for (index, report) in reports.enumerated() {
            #expect(abs(report.learningRate - 1e-3 * Double(index) / 5) < 1e-12)
        }
    }

    @Test func `a rate of 0 is reported with its key`() throws {
        #expect(
            try notes { $0.learningRate = 0 } == ["learning_rate: 0: no weight will change"])
        #expect(
            try notes { $0.learningRates = [.tower: 0] } == [
                "learning_rates.tower: 0: tower will not change; tune.tower: frozen says the same and "
                    + "saves its gradients"
            ])
        #expect(
            try notes { ($0.learningRate, $0.learningRates) = (0, [.head: 1e-3]) }.map {
                $0.prefix(15)
            } == ["learning_rate: ", "learning_rate: ", "learning_rate: "])
    }

    struct Inert: Sendable, CustomStringConvertible {
        let key: String
        let reason: String
        let change: @Sendable (inout RunConfiguration) -> Void
        var description: String { key }
    }

    private static let inert = [
        Inert(key: "decay_ratio", reason: "lr_scheduler_type is cosine, not wsd") {
            $0.decayRatio = 0.5
        },
        Inert(key: "num_train_epochs", reason: "max_steps overrides it") { $0.epochs = 3 },
        Inert(key: "learning_rate", reason: "all groups that learn have their own") {
            $0.learningRates = [.tower: 1e-4, .projector: 1e-4, .language: 1e-4, .head: 1e-4]
        },
        Inert(key: "weight_decay", reason: "all groups that learn have their own") {
            $0.optimizer.weightDecay = 0.25
            $0.weightDecays = [.tower: 0.1, .projector: 0.1, .language: 0.1, .head: 0.1]
        },
        Inert(key: "feature_cache", reason: "the tower learns") { $0.featureFolder = "f" },
        Inert(key: "feature_cache_gib", reason: "feature_cache is not set") {
            $0.featureGibibytes = 3
        },
        Inert(key: "bad_samples_limit", reason: "bad_samples is fail") { $0.badSampleLimit = 0.5 },
        Inert(key: "eval_steps", reason: "there are no validation data") { $0.evaluationSteps = 7 },
        Inert(key: "sample_max_tokens", reason: "sample_steps is not set") {
            $0.sampling.maximumTokens = 5
        },
        Inert(key: "sharding", reason: "there is one process") { $0.sharding = .zero1 },
    ]

    @Test(arguments: inert)
    func `a setting that nothing looks at is reported with the reason`(_ setting: Inert) throws {
        #expect(
            try notes(setting.change)
                == ["\(setting.key): has no influence here: \(setting.reason)"])
    }

    @Test func `the same settings are no news where they are used`() throws {
        let used = try notes {
            ($0.schedule, $0.decayRatio) = (.wsd, 0.5)
            ($0.maximumSteps, $0.epochs) = (nil, 3)
            $0.learningRates = [.tower: 1e-4]
            ($0.badSamples, $0.badSampleLimit) = (.skip, 0.5)
            ($0.validationSplit, $0.evaluationSteps) = (0.25, 7)
            $0.stage = .align
            ($0.featureFolder, $0.featureGibibytes) = (tiny.folder.file("features"), 3)
            $0.learningRates = [:]
            $0.aspectRatio = .pad
            $0.template = "phi"
        }
        #expect(used == [])
    }

    @Test func `settings of images and adapters are reported in stages without them`() throws {
        let texts = try tiny.data("texts.json", (0..<4).map { Conversation("Q \($0)", "A") })
        #expect(
            try notes {
                $0.stage = .sft
                $0.dataFiles = [texts]
                $0.aspectRatio = .pad
                $0.featureFolder = "f"
            } == [
                "image_aspect_ratio: has no influence here: the stage sft has no images",
                "feature_cache: has no influence here: the stage sft has no images",
            ])
        let pairs = try tiny.preference {
            $0.tune = [.language: .lora, .head: .frozen]
            $0.adapters.dropout = 0.5
        }
        #expect(
            try RunPlan(pairs, base: 0).notes == [
                "lora_dropout: has no influence here: dropout is off in the stage preference"
            ])
    }
}
