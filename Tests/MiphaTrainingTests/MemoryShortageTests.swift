import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import MiphaTraining
import Testing

/// A device whose memory runs out.
///
/// Limits belong to a device of the whole process: these tests have one that no others use.
@Suite(.serialized) struct MemoryShortageTests {
    private let device = PretendDevice.all[0]
    private let tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
    }

    /// The error of something that is done with little room.
    private func failure(room: Int, _ body: () throws -> Void) throws -> any Error {
        try PretendDevice.alone {
            try #require(throws: (any Error).self) {
                try PretendDevice.withRoom(bytes: room, on: device) { try body() }
            }
        }
    }

    @Test func `a model that does not fit is said to, with what makes its state smaller`() throws {
        let text = try "\(failure(room: 1000) { _ = try Trainer(tiny.run, on: device) })"
        #expect(
            text.hasPrefix("reading the model: the memory of \(device) is full where "), "\(text)")
        #expect(text.contains("; less is taken by optim=adamw_8bit; mipha plan"), "\(text)")
        #expect(text.isOneLine)
    }

    @Test(arguments: [false, true])
    func `an update that does not fit is said to, with settings that go together`(
        _ inBackward: Bool
    ) throws {
        let run = tiny.with {
            $0.optimizerInBackward = inBackward
            if inBackward { $0.accumulation = 1 }
            $0.saveSteps = 0
        }
        let trainer = try Trainer(run, on: device)
        let text = try "\(failure(room: 2000) { _ = try trainer.train() })"
        #expect(text.hasPrefix("update 1: the memory of \(device) is full where "), "\(text)")
        #expect(text.contains("gradient_checkpointing=true; mipha plan"), "\(text)")
        #expect(
            text.contains(
                inBackward
                    ? "per_device_train_batch_size=1, which takes fewer samples in an update, or by "
                    : "per_device_train_batch_size=1 gradient_accumulation_steps=4, which keeps"),
            "\(text)")
        #expect(text.contains("gradient_accumulation") == !inBackward, "\(text)")
        // No weight was changed.
        #expect(!text.contains("has changed"), "\(text)")
    }

    @Test func `updates before a shortage are saved`() throws {
        let run = tiny.with {
            $0.saveSteps = 0
            $0.optimizerInBackward = true
            $0.accumulation = 1
        }
        let trainer = try Trainer(run, on: device)
        var held: [Tensor] = []
        var notes: [String] = []
        let error = try failure(room: 8 << 20) {
            _ = try trainer.train(
                report: { progress in
                    guard progress.step == 2 else { return }
                    // Whatever is left is taken by somebody else.
                    while let other = try? Tensor.empty([250], device: device) {
                        held.append(other)
                    }
                }, note: { notes.append($0) })
        }
        #expect("\(error)".hasPrefix("update 3: the memory of"), "\(error)")
        #expect(notes.contains("checkpoint-2 holds the updates before the error"), "\(notes)")
        held = []
        #expect(try Trainer(run, on: device).firstStep == 2)
    }

    // MARK: The optimiser's step

    private func parameter(_ count: Int, _ dtype: DType) throws -> Tensor {
        let tensor = try Tensor.full([count], 1, dtype: dtype, device: device)
        try tensor.setGradient(Tensor.full([count], 0.5, dtype: dtype, device: device))
        return tensor
    }

    @Test(arguments: [MomentFormat.float32, .eightBit])
    func `a step that fails before it changes anything can be done again`(
        _ moments: MomentFormat
    ) throws {
        let weight = try parameter(60_000, .bfloat16)
        let optimizer = try AdamW(parameters: [("weight", weight)], moments: moments)
        let error = try failure(room: 2000) { try optimizer.step(learningRate: 0.1) }
        #expect((error as? TensorError)?.operation == "adamw", "\(error)")
        #expect(!optimizer.hasBegunStep)
        let state = Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
        #expect(try state["step.weight"]?.item() == 0)
        #expect(try weight.values(as: Float.self).allSatisfy { $0 == 1 })
        try optimizer.step(learningRate: 0.1)
        #expect(try state["step.weight"]?.item() == 1)
        #expect(optimizer.hasBegunStep)
        let other = try parameter(60_000, .bfloat16)
        let untouched = try AdamW(parameters: [("weight", other)], moments: moments)
        try untouched.step(learningRate: 0.1)
        #expect(try haveSameBits(weight.values(as: Float.self), other.values()))
    }

    @Test func `a step that fails after it has changed a parameter says so`() throws {
        let optimizer = try AdamW(parameters: [
            ("first", try parameter(10, .float32)), ("second", try parameter(60_000, .bfloat16)),
        ])
        _ = try failure(room: 2000) { try optimizer.step(learningRate: 0.1) }
        #expect(optimizer.hasBegunStep)
    }
}
