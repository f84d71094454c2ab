import MiphaChat
import MiphaInference
import MiphaTestSupport
import MiphaTinyFolder
import Testing

@Suite struct ChatSessionTests {
    @Test func `a chat session keeps turns, images and commands apart`() throws {
        let tiny = try TinyFolder()
        let prompts = try PromptBuilder(tiny.folder())
        var session = ChatSession(sampling: SamplingOptions())
        #expect(try session.read("   ", checking: prompts) == .nothing)
        #expect(throws: (any Error).self) {
            try session.read("/image /does/not/exist.png", checking: prompts)
        }
        _ = try session.read("/image \(tiny.picture)", checking: prompts)
        guard case .question(let first) = try session.read("What?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(first.images == [.file(tiny.picture)])
        let outcome = ChatOutcome(
            reason: .stop, usage: ChatUsage(promptTokens: 1, imageTokens: 0))
        session.remember(ChatReply(text: "A cat.", tokens: [1], outcome: outcome))
        guard case .question(let second) = try session.read("Sure?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(second.messages.count == 3)
        session.remember(ChatReply(text: "Yes.", tokens: [1], outcome: outcome))
        let file = tiny.temporary.file("saved.json")
        _ = try session.read("/save \(file)", checking: prompts)
        let saved = try ConversationReader().read(file: file)
        #expect(saved.count == 1 && saved[0].turns.count == 4)
        #expect(saved[0].images == [tiny.picture])
        #expect(throws: InferenceError.self) { try session.read("/nothing", checking: prompts) }
        let alone = #expect(throws: InferenceError.self) {
            try session.read("<image> hi", checking: prompts)
        }
        #expect(alone?.message.contains("1 <image> markers, but 0 images") == true)
        _ = try session.read("/image \(tiny.picture)", checking: prompts)
        #expect(throws: InferenceError.self) {
            try session.read("<image> or <image>?", checking: prompts)
        }
        guard case .question(let third) = try session.read("See <image>?", checking: prompts) else {
            Issue.record("expected a question")
            return
        }
        #expect(third.messages.last?.images == [.file(tiny.picture)])
        session.remember(ChatReply(text: "Yes.", tokens: [1], outcome: outcome))
        _ = try session.read("/save \(file)", checking: prompts)
        let again = try ConversationReader().read(file: file)
        #expect(again[0].turns[4].text == "See <image>?" && again[0].images.count == 2)
        _ = try session.read("/reset", checking: prompts)
        #expect(try session.read("/exit", checking: prompts) == .leave)
    }
}
