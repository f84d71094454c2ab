import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `sample_prompts` of `mipha train`.
@Suite(.enabled(if: MiphaProcess.executable != nil, "the executable mipha is not built"))
struct SamplePromptsTests {
    private let fixture: TrainFixture

    init() throws {
        fixture = try TrainFixture([
            "max_steps: 6", "save_steps: 0", "sample_steps: 4", "sample_max_tokens: 5",
            "sample_prompts: [{image: picture.png, prompt: What is it?}, {prompt: Say a word}]",
        ])
    }

    private var images: String { "image_folder=\(fixture.sample.temporary.path)" }

    @Test func `answers during training are those that the trained model gives`() throws {
        let output = fixture.sample.temporary.file("out")
        let done = try MiphaProcess(fixture.arguments(output, [images]))
        #expect(done.status == 0, "\(done.errors)")
        let text = try String(contentsOfFile: "\(output)/samples.jsonl", encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.map { $0["step"]?.integerValue } == [4, 4, 6, 6])
        #expect(lines.map { $0["image"] == nil } == [false, true, false, true])
        for (line, more) in zip(lines.suffix(2), [["--image", fixture.sample.picture], []]) {
            let prompt = try #require(line["prompt"]?.stringValue)
            let answer = try #require(line["answer"]?.stringValue)
            let asked = try MiphaProcess(
                ["generate", output, "--prompt", prompt, "--max-tokens", "5"] + more)
            #expect(asked.output == answer + "\n", "\(asked.errors)")
            #expect(done.errors.contains("update 6: sample "))
        }
    }

    @Test func `an image that is not there is named before the first update`() throws {
        let output = fixture.sample.temporary.file("out")
        let done = try MiphaProcess(fixture.arguments(output, ["image_folder=/does/not/exist"]))
        #expect(done.status == 2)
        #expect(done.errors.contains("/does/not/exist/picture.png"), "\(done.errors)")
        #expect(!fixture.exists("\(output)/metrics.jsonl"))
    }
}
