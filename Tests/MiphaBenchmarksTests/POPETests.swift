import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct POPETests {
    static let categories = ["adversarial", "popular", "random"]
    static let starts = ["adversarial": 1, "random": 10_000_001, "popular": 20_000_001]
    static let shared = PackagePaths.sharedData("data/scorers/pope")

    /// The fixture's labels as the authors' files and its answers as LLaVA's lines.
    private static func adversarial() throws -> (folder: TemporaryFolder, answers: String) {
        let fixture = try oracleFile("pope.json")
        let folder = try TemporaryFolder()
        var lines: [JSONValue] = []
        for category in categories {
            let images = try #require(fixture.at("images", category).arrayValue)
            let labels = try #require(fixture.at("labels", category).stringValue)
            var rows: [JSONValue] = []
            for (index, label) in labels.enumerated() {
                let number = "\(images[index].integerValue ?? 0)"
                let digits = String(repeating: "0", count: 12 - number.count) + number
                rows.append([
                    "question_id": .integer(index + 1),
                    "image": .string("COCO_val2014_\(digits).jpg"),
                    "text": "Is there a dog in the image?",
                    "label": .string(label == "y" ? "yes" : "no"),
                ])
            }
            try folder.write("coco/coco_pope_\(category).json", lines: rows)
            let first = try #require(starts[category])
            for (index, text) in try fixture.at("answers", category).strings().enumerated() {
                lines.append(["question_id": .integer(first + index), "text": .string(text)])
            }
        }
        return (folder, try folder.write("answers.jsonl", lines: lines))
    }

    private static func expectFigures(_ run: ScoredRun, _ oracle: JSONValue) throws {
        for part in oracle.objectValue?.members ?? [] {
            let differences = run.differences(
                from: part.value, part: part.key == "all" ? nil : part.key)
            #expect(differences == [])
        }
    }

    @Test(arguments: ["llava", "lmms-eval", "vlmevalkit"])
    func `every answer of the oracle is read as the official code reads it`(
        _ variant: String
    ) throws {
        let (folder, answers) = try Self.adversarial()
        let run = try ScoredRun(POPE(), answers, folder.path, variant)
        try Self.expectFigures(
            run, try oracleFile("pope_totals.json").at("adversarial_text", variant))
        let parsed = try oracleFile("pope.json").at("parsed", variant)
        for category in Self.categories {
            let items = run.items.filter { $0.groups.contains(.init("category", category)) }
            let expected = try #require(parsed.at(category).stringValue)
            #expect(items.count == 480)
            let found = items.map { item in
                switch variant {
                case "llava": item.parsed == "no" ? "n" : "y"
                case "lmms-eval": item.score == 1 ? "1" : "0"
                default: item.parsed.map { $0.prefix(1).uppercased() } ?? "U"
                }
            }
            let wrong = zip(items, zip(found, expected)).filter { $0.1.0 != String($0.1.1) }
            #expect(wrong.isEmpty, "\(wrong.prefix(5).map { ($0.0.prediction, $0.1) })")
        }
    }

    @Test(.enabled(if: shared != nil), arguments: ["llava", "lmms-eval", "vlmevalkit"])
    func `the answers of LLaVA-1.5-13B give the published figures`(_ variant: String) throws {
        let path = try #require(Self.shared)
        let run = try ScoredRun(POPE(), "\(path)/pred_llava-v1.5-13b.jsonl", path, variant)
        try Self.expectFigures(
            run, try oracleFile("pope_totals.json").at("llava-v1.5-13b", variant))
        if variant == "llava" {
            #expect(try run.value("f1") == 0.8594688090539112)
            #expect(run.figures.first?.name == "f1")
            #expect(run.recorder.notes.isEmpty)
        }
    }

    @Test(.enabled(if: shared != nil))
    func `the adversarial answers to all labels are read as the oracle says`() throws {
        let path = try #require(Self.shared)
        let run = try ScoredRun(POPE(), "\(path)/pred_adversarial_text.jsonl", path)
        #expect(try run.value("f1") == 0.5912471878466296)
        let file = try JSONValue(contentsOf: "\(path)/oracle_adversarial_text.json")
        var expected: [QuestionID: String] = [:]
        for member in try #require(file.at("categories").objectValue).members {
            for item in try #require(member.value.at("per_item").arrayValue) {
                let id = try #require(QuestionID(try item.at("question_id")))
                let parsed: String = try #require(item.at("parsed").stringValue)
                expected[id] = parsed
            }
        }
        #expect(run.items.count == 8910)
        #expect(run.items.count { $0.parsed != expected[$0.id] } == 0)
    }

    @Test func `the interval of the headline comes from pictures and holds the value`() throws {
        let (folder, answers) = try Self.adversarial()
        let run = try ScoredRun(POPE(), answers, folder.path)
        var recorder = run.recorder
        recorder.addIntervals(Bootstrap(draws: 200))
        let figure = try #require(recorder.figures.first)
        let interval = try #require(figure.interval)
        #expect(interval.low < figure.value && figure.value < interval.high)
        #expect(recorder.evidence.clusterNames.count < 200)
        for figure in recorder.figures {
            guard let statistic = figure.statistic else { continue }
            let value = statistic.value(recorder.evidence.sums)
            #expect(abs(value - figure.value) < 1e-9, "\(figure.label)")
        }
    }

    @Test func `questions carry LLaVA's ids, prompts and pictures`() throws {
        let files = try BenchmarkFiles(PackagePaths.fixture("benchmarks/pope"))
        let questions = try POPE().questions(files)
        #expect(questions.map(\.id.text) == ["1", "2", "10000001", "20000001"])
        #expect(
            questions[0].text
                == "Is there a snowboard in the image?\n"
                + "Answer the question using a single word or phrase.")
        #expect(questions.map(\.category) == ["adversarial", "adversarial", "random", "popular"])
        #expect(questions.map(\.expected) == [["yes"], ["no"], ["yes"], ["no"]])
        #expect(try !questions[0].pictures[0].load().isEmpty)
    }

    @Test func `without a positive answer figures are 0 and noted`() throws {
        let folder = try TemporaryFolder()
        let labels = try folder.write(
            "coco_pope_random.json",
            "{\"image\": \"a\", \"text\": \"?\", \"label\": \"yes\"}\n")
        let answers = try folder.write("a.jsonl", "{\"question_id\": 1, \"text\": \"no\"}\n")
        let run = try ScoredRun(POPE(), answers, labels)
        #expect(try run.value("f1") == 0)
        #expect(try run.value("precision", "random") == 0)
        #expect(run.recorder.notes.contains { $0.contains("division by zero") })
    }

    @Test func `POPE's own answer lines are paired with a label file by their order`() throws {
        let folder = try TemporaryFolder()
        let labels = try folder.write(
            "coco_pope_popular.json",
            "{\"image\": \"a\", \"text\": \"?\", \"label\": \"yes\"}\n"
                + "{\"image\": \"a\", \"text\": \"?\", \"label\": \"no\"}\n")
        let answers = try folder.write(
            "a.json",
            "{\"question\": \"?\", \"answer\": \"Yes, there is.\"}\n"
                + "{\"question\": \"?\", \"answer\": \"No.\"}\n")
        #expect(try ScoredRun(POPE(), answers, labels).value("f1", "popular") == 1)
    }

    @Test func `answers out of order are paired by id and noted`() throws {
        let (folder, answers) = try Self.adversarial()
        let lines = try String(contentsOfFile: answers, encoding: .utf8).split(separator: "\n")
        let turned = try folder.write(
            "turned.jsonl", lines.reversed().joined(separator: "\n") + "\n")
        let run = try ScoredRun(POPE(), answers, folder.path)
        let other = try ScoredRun(POPE(), turned, folder.path)
        #expect(try run.value("f1") == other.value("f1"))
        #expect(other.recorder.notes.contains { $0.contains("not in the order") })
    }
}
