import Foundation
import MiphaChat
import MiphaInference
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTorch
import Testing

/// Questions that are asked again and again.
@Suite struct FixedQuestionsTests {
    private func requests(_ tiny: TinyFolder) -> [ChatRequest] {
        let sampling = SamplingOptions(maxTokens: 12)
        return [
            ChatRequest("What is it?", images: [.file(tiny.picture)], sampling: sampling),
            ChatRequest("Hello", sampling: sampling),
        ]
    }

    @Test func `answers are those of the engine, each time, with gradients left on`() async throws {
        let tiny = try TinyFolder(isLoud: true)
        let questions = try FixedQuestions(requests(tiny), folder: tiny.folder())
        let bundle = try tiny.bundle()
        let first = try questions.answers(of: bundle.model)
        #expect(try questions.answers(of: bundle.model) == first)
        let leaf = try Tensor([1.0 as Float])
        try leaf.setRequiresGradient(true)
        _ = try questions.answers(of: bundle.model)
        #expect(try (leaf * 2).requiresGradient)
        let engine = InferenceEngine(try tiny.bundle())
        for (request, answer) in zip(requests(tiny), first) {
            #expect(try await engine.reply(to: request).text == answer)
        }
    }

    @Test func `an image that is not there is named before anything is asked`() throws {
        let tiny = try TinyFolder(isLoud: true)
        let request = ChatRequest("What?", images: [.file("absent.png")])
        let error = #expect(throws: (any Error).self) {
            try FixedQuestions([request], folder: tiny.folder())
        }
        #expect(error.map { "\($0)".contains("absent.png") } == true)
    }

    @Test func `the template of the run is used`() throws {
        let tiny = try TinyFolder(isLoud: true)
        #expect(throws: ChatError.self) {
            try FixedQuestions(
                [ChatRequest("Hello")], folder: tiny.folder(), template: .plain)
        }
        _ = try FixedQuestions(
            [requests(tiny)[0]], folder: tiny.folder(), template: .plain)
    }
}
