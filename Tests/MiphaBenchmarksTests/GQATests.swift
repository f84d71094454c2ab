import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct GQATests {
    static let questions = PackagePaths.fixture("oracles/gqa_questions.json")

    /// The authors' layout, with the file of choices.
    private static func folder(withChoices: Bool) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        let data = try folder.folder("data")
        try manager.copyItem(atPath: questions, toPath: "\(data)/testdev_balanced_questions.json")
        if withChoices {
            try manager.copyItem(
                atPath: PackagePaths.fixture("oracles/gqa_choices.json"),
                toPath: "\(data)/testdev_balanced_choices.json")
        }
        return folder
    }

    @Test(arguments: ["lines", "list"])
    func `adversarial answers score as with the authors' script`(_ form: String) throws {
        let file = try examOracle("gqa_oracle.json")
        let expected = try #require(file[form])
        let folder = try Self.folder(withChoices: form == "list")
        let name = form == "lines" ? "gqa_lines.jsonl" : "gqa_list.json"
        let result = try scoredExam(GQA(), PackagePaths.fixture("oracles/\(name)"), folder.path)
        let totals = try #require(expected["totals"]?.objectValue)
        #expect(result.figures.first?.value == totals["accuracy"]?.doubleValue)
        for part in ["binary", "open"] {
            #expect(
                result.value("accuracy", "answer_type", part) == totals[part]?.doubleValue)
        }
        #expect(result.value("distribution") == totals["distribution"]?.doubleValue)
        for name in ["validity", "plausibility"] {
            #expect(
                result.value(name) == (form == "list" ? totals[name]?.doubleValue : nil), "\(name)")
        }
        #expect(result.notes.contains { $0.contains("validity") } == (form == "lines"))
        for dimension in ["structural", "semantic", "steps", "words"] {
            let parts = try #require(totals[dimension]?.objectValue)
            let figures = result.figures.filter { $0.dimension == dimension }
            #expect(figures.count == parts.count)
            for figure in figures {
                let entry = try #require(parts[figure.part ?? ""]?.arrayValue)
                #expect(figure.value == entry[0].doubleValue, "\(figure.label)")
                #expect(figure.count == entry[1].integerValue)
            }
        }
        let right = try #require(expected["right"]?.arrayValue).compactMap(\.stringValue)
        #expect(result.rightIDs == Set(right))
        #expect(result.items.count == 525)
    }

    @Test(
        arguments: ["gqa_lines.jsonl", "gqa_list.json"], ["lmms-eval", "lmms-eval-harness"])
    func `adversarial answers score as with lmms-eval`(_ name: String, _ variant: String) throws {
        let file = try examOracle("gqa_oracle.json")
        let expected = try #require(file[variant])
        let result = try scoredExam(
            GQA(), PackagePaths.fixture("oracles/\(name)"), Self.questions, variant)
        #expect(
            result.value("accuracy").map { $0 / 100 } == expected["accuracy"]?.doubleValue)
        let right = try #require(expected["right"]?.arrayValue).compactMap(\.stringValue)
        #expect(result.rightIDs == Set(right))
        #expect(result.value("distribution") == nil)
    }

    @Test func `questions on one picture share a cluster`() throws {
        let result = try scoredExam(
            GQA(), PackagePaths.fixture("oracles/gqa_lines.jsonl"), Self.questions)
        #expect(Set(result.items.map(\.cluster)).count == result.evidence.clusterNames.count)
        #expect(result.evidence.clusterNames.count < 100)
    }

    @Test func `numbers and texts name the same question`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("p.jsonl")
        let lines = """
            {"question_id": 201, "text": "Red."}
            {"question_id": "9", "text": "Red."}
            """
        try Data(lines.utf8).write(to: URL(filePath: path))
        let questions = folder.file("q.json")
        try Data(GQADamageTests.questions.utf8).write(to: URL(filePath: questions))
        let result = try scoredExam(GQA(), path, questions)
        #expect(result.value("accuracy") == 100)
        #expect(result.notes.contains { $0.contains("distribution") })
        #expect(result.notes.contains { $0.hasPrefix("1 predictions are to questions") })
    }

    @Test func `questions of the authors' file carry the short-answer instruction`() throws {
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/gqa"))
        let questions = try GQA().questions(files)
        #expect(questions.map(\.id.text) == ["201307251", "201640614", "202225914"])
        #expect(
            questions[0].text
                == "Is it overcast?\nAnswer the question using a single word or phrase.")
        #expect(questions[0].expected == ["no"])
        #expect(
            questions.map { $0.pictures.map(\.name) } == [
                ["n161313.jpg"], ["n161313.jpg"],
                ["n235859.jpg"],
            ])
        #expect(try questions[2].pictures[0].load().starts(with: [0xFF, 0xD8]))
    }

    @Test func `LLaVA's question file goes before the authors' file`() throws {
        let folder = try TemporaryFolder()
        let data = try folder.folder("data")
        let source = PackagePaths.fixture("benchmarks/gqa/data")
        for name in ["testdev_balanced_questions.json", "images"] {
            try FileManager.default.copyItem(
                atPath: "\(source)/\(name)", toPath: "\(data)/\(name)")
        }
        let line =
            #"{"question_id": "202225914", "image": "n235859.jpg", "text": "Eh?\nA single word.", "category": "default"}"#
        try Data((line + "\n").utf8).write(
            to: URL(filePath: folder.file("llava_gqa_testdev_balanced.jsonl")))
        let questions = try GQA().questions(try BenchmarkFiles(folder.path))
        #expect(questions.map(\.text) == ["Eh?\nA single word."])
        #expect(questions.map(\.expected) == [["gray"]])
    }
}
