import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// What holds for every benchmark.
struct BenchmarkCatalogTests {
    private static let ids = BenchmarkCatalog.all.map(\.card.id)

    /// A copy of the benchmark's sample folder.
    private func copy(_ id: String) throws -> (folder: TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        let path = folder.file("data")
        try FileManager.default.copyItem(
            atPath: PackagePaths.fixture("benchmarks/\(id)"), toPath: path)
        return (folder, path)
    }

    @Test func `ids differ and every benchmark has variants and files`() {
        #expect(Set(Self.ids).count == Self.ids.count)
        for benchmark in BenchmarkCatalog.all {
            #expect(!benchmark.card.variants.isEmpty && !benchmark.card.files.isEmpty)
            #expect(Set(benchmark.card.variants.map(\.name)).count == benchmark.card.variants.count)
        }
    }

    @Test(arguments: ids)
    func `a picture that is not there does not stop the questions and is named when loaded`(
        _ id: String
    ) throws {
        let (folder, path) = try copy(id)
        let benchmark = try BenchmarkCatalog.named(id)
        let before = try benchmark.questions(BenchmarkFiles(path))
        let pictures = before.flatMap(\.pictures)
        #expect(!pictures.isEmpty)
        for picture in pictures { #expect(try !picture.load().isEmpty) }
        guard let first = pictures.first, case .file(let file) = first.place else { return }
        try FileManager.default.removeItem(atPath: file)
        let after = try benchmark.questions(BenchmarkFiles(path))
        #expect(after.map(\.id) == before.map(\.id))
        let gone = try #require(after.flatMap(\.pictures).first { $0.name == first.name })
        let error = #expect(throws: EvaluationError.self) { try gone.load() }
        let name = first.name.split(separator: "/").last.map(String.init) ?? first.name
        #expect(error?.message.contains(name) == true)
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: ids)
    func `a partial run scores what was answered`(_ id: String) throws {
        let benchmark = try BenchmarkCatalog.named(id)
        guard !(benchmark is any JudgedBenchmark) else { return }
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/\(id)"))
        let questions = try benchmark.questions(files)
        guard questions.contains(where: { !$0.expected.isEmpty }) else { return }
        let folder = try TemporaryFolder()
        let asked = questions.prefix(2)
        let lines = try asked.map { question -> String in
            var line: JSONObject = [
                "question_id": question.id.json,
                "prompt": .string(question.writtenPrompt ?? question.text),
                "text": .string(question.expected.first ?? ""),
            ]
            for field in question.answerFields.members { line[field.key] = field.value }
            return try JSONValue.object(line).text(.compact)
        }
        let path = folder.file("answers.jsonl")
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: path)
        var predictions = try Predictions(path)
        predictions.isPartial = true
        let result = try Scoring(benchmark).score(predictions, against: files, keepsItems: true)
        #expect(result.report.counts.missing == 0)
        #expect(result.report.counts.questions <= 2)
        #expect(result.recorder.items.allSatisfy { $0.score == 1 })
    }
}
