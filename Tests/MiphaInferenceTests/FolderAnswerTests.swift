import MiphaChat
import MiphaFiles
import MiphaFolders
import MiphaInference
import MiphaModels
import MiphaPretend
import MiphaTestSupport
import MiphaTinyFolder
import Testing

/// Answers from folders with settings of their own.
@Suite struct FolderAnswerTests {
    @Test func `images need a preprocessing, other questions do not`() throws {
        let tiny = try TinyFolder()
        FileSystem.remove("\(tiny.path)/preprocessor_config.json")
        let prompts = try PromptBuilder(ModelFolder(tiny.path, for: "a test"))
        #expect(try !prompts.prompt(for: [ChatMessage(.user, "Hi")]).ids.isEmpty)
        let error = #expect(throws: FolderError.self) {
            try prompts.image(of: .file(tiny.picture))
        }
        #expect(
            error?.message
                == "\(tiny.path): preprocessor_config.json (or processor_config.json with "
                + "image_processor) is missing; questions with images need it")
    }

    @Test func `an answer stops at an id of generation_config`() async throws {
        let tiny = try TinyFolder()
        let path = tiny.temporary.file("llava")
        _ = try ModelConversion.run(
            ModelFolder(tiny.path, for: "a test"), to: .llava, output: path, dropsHeadBias: false)
        let request = ChatRequest("Hi", sampling: SamplingOptions(maxTokens: 12))
        let free = try await InferenceEngine(
            ModelBundle(folder: path, for: "a test", device: .underTest)
        )
        .reply(to: request)
        let end = try #require(
            free.tokens.dropFirst(3).first { id in
                free.tokens.firstIndex(of: id).map { $0 >= 3 } ?? false
            })
        try JSONValue.object(["eos_token_id": [.integer(end)]])
            .write(to: "\(path)/generation_config.json")
        let stopped = try await InferenceEngine(
            ModelBundle(folder: path, for: "a test", device: .underTest)
        )
        .reply(to: request)
        let place = try #require(free.tokens.firstIndex(of: end))
        #expect(stopped.tokens == Array(free.tokens[...place]))
        #expect(stopped.outcome.reason == .stop)
    }
}
