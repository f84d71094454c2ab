import Foundation
import MiphaBenchmarks
import MiphaChat
import MiphaFiles
import MiphaTestSupport
import MiphaTokenizers
import Testing

/// The exact tokens of three questions of every benchmark.
///
/// A changed suffix, option layout or template moves every score; these files make it visible.
/// After a change on purpose, `MIPHA_WRITE_SNAPSHOTS=1` writes them anew.
struct PromptSnapshotTests {
    private static let benchmarks = BenchmarkCatalog.all.map(\.card.id)
    private static let writes =
        ProcessInfo.processInfo.environment["MIPHA_WRITE_SNAPSHOTS"] == "1"
    private static let phi = PackagePaths.sharedData("data/phi-tokenizer")

    private func ids(_ question: Question, _ tokenizer: Tokenizer) throws -> JSONValue {
        let encoder = try ConversationEncoder(
            tokenizer: tokenizer, template: .phi, options: .chat)
        let images = question.pictures.map { ImageReference.file($0.name) }
        let prompt = try encoder.prompt(for: [ChatMessage(.user, question.text, images: images)])
        return .array(prompt.ids.map { .integer($0) })
    }

    @Test(arguments: benchmarks)
    func `prompts are the recorded ones`(_ id: String) throws {
        let benchmark = try BenchmarkCatalog.named(id)
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/\(id)"))
        let questions = try benchmark.questions(files).prefix(3)
        #expect(!questions.isEmpty)
        let small = try Tokenizer(folder: PackagePaths.fixture("tokenizers/small"))
        let phi = try Self.phi.map { try Tokenizer(folder: $0) }
        let path = PackagePaths.fixture("prompts/\(id).json")
        if Self.writes {
            let phi = try #require(phi, "the snapshots hold the ids of Phi's tokenizer too")
            let lines = try questions.map { question -> JSONValue in
                [
                    "question_id": question.id.json, "text": .string(question.text),
                    "small": try ids(question, small), "phi": try ids(question, phi),
                ]
            }
            try JSONValue.array(Array(lines)).write(to: path)
        }
        let recorded = try #require(try JSONValue(contentsOf: path).arrayValue)
        try #require(recorded.count == questions.count)
        for (question, golden) in zip(questions, recorded) {
            #expect(golden["question_id"] == question.id.json)
            #expect(golden["text"]?.stringValue.map { PythonText.equal($0, question.text) } == true)
            #expect(try golden["small"] == ids(question, small))
            if let phi { #expect(try golden["phi"] == ids(question, phi)) }
        }
    }
}
