import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

@Suite struct TrainingPlanTests {
    private let run: RunConfiguration
    private let tiny: TinyModel

    init() throws {
        tiny = try TinyModel()
        var run = RunConfiguration()
        run.learningRate = 1e-3
        self.run = run
    }

    private func with(_ change: (inout RunConfiguration) -> Void) -> RunConfiguration {
        var changed = run
        change(&changed)
        return changed
    }

    private func groups(_ run: RunConfiguration) throws -> Set<ModelPart> {
        let names = try TrainingPlan(run).trainable(in: tiny.model)
        return Set(names.compactMap { tiny.model.store.fact($0)?.part })
    }

    @Test(
        arguments: [
            (.align, [.projector]), (.alignParity, [.projector, .head]),
            (.instruct, [.tower, .projector, .language, .head]), (.sft, [.language, .head]),
            (.preference, [.language, .head]),
        ] as [(TrainingStage, Set<ModelPart>)])
    func `a stage is a preset over groups`(
        stage: TrainingStage, expected: Set<ModelPart>
    ) throws {
        #expect(try groups(with { $0.stage = stage }) == expected)
    }

    @Test func `groups are set one by one over the stage`() throws {
        #expect(
            try groups(with { $0.tune = [.tower: .frozen, .head: .frozen] })
                == [.projector, .language])
        #expect(
            try groups(
                with {
                    $0.stage = .align
                    $0.tune = [.head: .full]
                }) == groups(with { $0.stage = .alignParity }))
    }

    @Test func `the last blocks are those that the loss depends on`() throws {
        let plan = try TrainingPlan(with { $0.tune = [.tower: .last(1), .language: .last(2)] })
        let names = try plan.trainable(in: tiny.model)
        func blocks(_ group: ModelPart) -> Set<String> {
            Set(
                names.filter { tiny.model.store.fact($0)?.part == group }.map { name in
                    guard let mark = name.firstRange(of: "layers.") else { return name }
                    return String(name[mark.upperBound...].prefix(1))
                })
        }
        // The tower has three blocks; features come from the second.
        #expect(blocks(.tower) == ["1"])
        #expect(
            blocks(.language) == [
                "1", "2", "model.final_layernorm.weight", "model.final_layernorm.bias",
            ])
    }

    @Test func `what no image feature depends on is never trained`() throws {
        let names = try TrainingPlan(run).trainable(in: tiny.model)
        let tower = names.filter { tiny.model.store.fact($0)?.part == .tower }
        #expect(tower.contains { $0.contains("layers.1.") })
        #expect(!tower.contains { $0.contains("layers.2.") || $0.contains("post_layernorm") })
    }

    /// A plan that cannot be, as lines of a run file.
    struct Refusal: Sendable {
        let stage: TrainingStage
        var tune: [ModelPart: TuningMode] = [:]
        var rates: [ModelPart: Double] = [:]
        var decays: [ModelPart: Double] = [:]
        let message: String
    }

    @Test(arguments: [
        Refusal(
            stage: .instruct, tune: [.tower: .last(9)],
            message: "tune.tower: expected at most last:2"),
        Refusal(
            stage: .instruct, tune: [.projector: .last(1)],
            message: "tune.projector: expected full or frozen"),
        Refusal(
            stage: .instruct, tune: [.head: .lora],
            message: "tune.head: lora, but no adapter was attached"),
        Refusal(
            stage: .instruct, tune: [.projector: .lora],
            message: "tune.projector: expected full or frozen, found lora"),
        Refusal(
            stage: .instruct, tune: [.tower: .lora],
            message: "tune.tower: lora, but no adapter was attached"),
        Refusal(stage: .align, tune: [.projector: .frozen], message: "every group is frozen"),
        Refusal(
            stage: .align, rates: [.tower: 1e-5],
            message: "learning_rates.tower: the group is frozen"),
        Refusal(
            stage: .sft, decays: [.projector: 0.1],
            message: "weight_decays.projector: the group is frozen"),
        Refusal(
            stage: .sft, tune: [.tower: .full],
            message: "tune.tower: expected frozen in the stage sft"),
    ])
    func `a plan that cannot be is refused by its key`(refusal: Refusal) throws {
        let run = with {
            $0.stage = refusal.stage
            $0.tune = refusal.tune
            $0.learningRates = refusal.rates
            $0.weightDecays = refusal.decays
        }
        let error = #expect(throws: TrainingError.self) {
            try TrainingPlan(run).trainable(in: tiny.model)
        }
        let text = error?.description ?? ""
        #expect(text.contains(refusal.message), "\(text)")
    }

    @Test(arguments: ["full", "frozen", "lora", "last:1", "last:12"])
    func `modes read back as they are written`(text: String) {
        #expect(TuningMode(parsing: text)?.description == text)
    }

    @Test(arguments: ["", "last", "last:0", "last:-1", "last:x", "Full", "lora:8", "last:1 "])
    func `other modes are refused`(text: String) {
        #expect(TuningMode(parsing: text) == nil)
    }

    @Test func `the plan is printed with counts before anything learns`() throws {
        let tiny = try TinyRun(samples: 4)
        let run = tiny.with {
            $0.tune = [.tower: .frozen, .head: .frozen]
            $0.learningRates = [.projector: 2e-3]
            $0.weightDecays = [.projector: 0.25]
        }
        let trainer = try Trainer(run)
        let lines = trainer.description
        func cells(_ start: String) -> [Substring] {
            let line = lines.first { $0.hasPrefix("  \(start) ") }
            return line.map { $0.split(separator: " ") } ?? []
        }
        let counts = [ModelPart: Int](
            trainer.model.store.facts.map {
                ($0.part, trainer.model.store.elementCount(of: $0.name))
            }, uniquingKeysWith: +)
        func number(_ text: Substring) -> Int? { Int(text.filter { $0 != "," }) }
        #expect(cells("tower").count == 4 && cells("tower")[1] == "frozen")
        #expect(number(cells("tower")[3]) == 0)
        #expect(cells("projector")[1] == "full")
        #expect(number(cells("projector")[2]) == counts[.projector])
        #expect(number(cells("projector")[3]) == counts[.projector])
        #expect(cells("projector").suffix(2) == ["0.002", "0.25"])
        #expect(cells("language").suffix(2) == ["0.001", "0.0"])
        #expect(number(cells("all")[1]) == trainer.model.store.elementCount)
    }
}
