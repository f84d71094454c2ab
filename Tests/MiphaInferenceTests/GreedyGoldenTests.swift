import MiphaChat
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaTestSupport
import MiphaTorch
import Testing

@Suite struct GreedyGoldenTests {
    private let greedy = SamplingOptions(maxTokens: 64)

    /// The engine's replies to prompts in ids; `sampling`: one for all, or one for each.
    private func replies(
        _ engine: InferenceEngine, _ prompts: [GenerationPrompt], _ sampling: [SamplingOptions]
    ) async throws -> [ChatReply] {
        let requests = prompts.enumerated().map { place, prompt in
            PreparedRequest(prompt: prompt, sampling: sampling[place % sampling.count])
        }
        return try await engine.decode(requests).results.map { try $0.get() }
    }

    @Test(arguments: try GoldenModel.all())
    func `a prompt alone gives the reference's 64 tokens`(golden: GoldenModel) async throws {
        let engine = try golden.engine()
        #expect(golden.answers.count == golden.prompts.count)
        for (prompt, expected) in zip(golden.prompts, golden.answers) {
            let reply = try #require(try await replies(engine, [prompt], [greedy]).first)
            #expect(expected.count == 64)
            #expect(reply.tokens == expected)
            #expect(reply.outcome.reason == .length)
        }
    }

    @Test(arguments: try GoldenModel.all())
    func `computing every token from the whole text again gives the same tokens`(
        golden: GoldenModel
    ) throws {
        let model = try golden.model()
        let side = model.tower.inputs[0].width
        for (prompt, expected) in zip(golden.prompts, golden.answers) {
            let pixels =
                prompt.images.isEmpty
                ? nil
                : try Tensor(
                    prompt.images.flatMap(\.pixels[0].values),
                    shape: [prompt.images.count, 3, side, side])
            var ids = prompt.ids
            for _ in expected {
                let logits = try model.logits(MiphaBatch(ids: [ids], pixels: pixels))
                let last = try logits.narrowed(1, from: logits.size(1) - 1, length: 1)
                ids.append(Int(try last.argmax().item()))
            }
            #expect(Array(ids[prompt.ids.count...]) == expected)
        }
    }

    @Test(arguments: try GoldenModel.all())
    func `prompts of different lengths and image counts in a batch give the same tokens`(
        golden: GoldenModel
    ) async throws {
        let engine = try golden.engine()
        let together = try await replies(engine, golden.prompts, [greedy])
        #expect(together.map(\.tokens) == golden.answers)
        let reversed = try await replies(engine, golden.prompts.reversed(), [greedy])
        #expect(reversed.map(\.tokens) == golden.answers.reversed())
    }

    @Test(arguments: try GoldenModel.all())
    func `a finished row keeps its answer while others go on`(golden: GoldenModel) async throws {
        let stop = golden.answers[0][9]
        let found = try await replies(golden.engine(end: stop), golden.prompts, [greedy])
        #expect(found.count == golden.answers.count)
        for (reply, expected) in zip(found, golden.answers) {
            let end = expected.firstIndex(of: stop).map { $0 + 1 } ?? expected.count
            #expect(reply.tokens == Array(expected[..<end]))
            #expect(reply.outcome.reason == (expected.contains(stop) ? .stop : .length))
        }
    }

    @Test func `rows may ask for different numbers of tokens`() async throws {
        let golden = try GoldenModel.all()[0]
        let counts = [3, 17, 1]
        let found = try await replies(
            golden.engine(), golden.prompts, counts.map { SamplingOptions(maxTokens: $0) })
        #expect(found.map(\.tokens) == zip(golden.answers, counts).map { Array($0.prefix($1)) })
    }

    @Test func `logits of the first step are the reference's`() throws {
        let golden = try GoldenModel.all()[0]
        let file = try GoldenFile("tiny/generate.safetensors")
        let session = try DecodingSession(try golden.model(), prompts: golden.prompts)
        var seen: [Int] = []
        let isOpen = try session.advance { row, logits in
            seen.append(row)
            let comparison = Comparison(
                "first.\(row)", logits, try file.floats("first.\(row)"), .of(.activation))
            #expect(comparison.passes, "\(comparison)")
            return nil
        }
        #expect(!isOpen)
        #expect(seen.sorted() == Array(golden.prompts.indices))
    }

    @Test func `a sampled answer does not depend on the rows beside it`() async throws {
        let golden = try GoldenModel.all()[0]
        let engine = try golden.engine()
        let sampling = golden.prompts.indices.map {
            SamplingOptions(maxTokens: 24, temperature: 1.3, topP: 0.9, seed: UInt64($0))
        }
        let together = try await replies(engine, golden.prompts, sampling)
        for (place, reply) in together.enumerated() {
            let alone = try await replies(engine, [golden.prompts[place]], [sampling[place]])
            #expect(alone.map(\.tokens) == [reply.tokens])
            #expect(alone.map(\.outcome.reason) == [reply.outcome.reason])
        }
        #expect(Set(together.map(\.tokens)).count == 3)
    }

    @Test func `prompts that do not fit are refused with their place`() throws {
        let golden = try GoldenModel.all()[1]
        let model = try golden.model()
        let image = golden.prompts[0].images[0]
        let small = PreparedImage(try PixelBlock(channels: 1, height: 1, width: 2, values: [0, 1]))
        let bad: [(GenerationPrompt, String)] = [
            (GenerationPrompt(ids: []), "at least one id"),
            (GenerationPrompt(ids: [1, 96]), "ids[1]: expected 0 to 95"),
            (GenerationPrompt(ids: [-1]), "found -1"),
            (GenerationPrompt(ids: [-200, 3]), "each of the 1 markers, found 0"),
            (GenerationPrompt(ids: [3], images: [image]), "0 markers, found 1"),
            (GenerationPrompt(ids: [-200], images: [small]), "3 x 17 x 17 values, found 1 x 1 x 2"),
        ]
        for (prompt, message) in bad {
            let error = #expect(throws: InferenceError.self) {
                try DecodingSession(model, prompts: [golden.prompts[1], prompt])
            }
            #expect(error?.message.contains("prompt 1: ") == true)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
        }
    }
}
