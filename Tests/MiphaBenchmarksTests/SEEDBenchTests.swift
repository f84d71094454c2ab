import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct SEEDBenchTests {
    /// Writes SEED-Bench.json of the fixture's first questions and the answers of a set.
    private static func files(
        _ set: String
    ) throws -> (folder: TemporaryFolder, path: String) {
        let fixture = try oracleFile("seed.json")
        let ids = try #require(fixture.at("ids").stringValue).split(separator: " ").map(String.init)
        let gold = Array(try #require(fixture.at("gold").stringValue))
        let types = try #require(fixture.at("types").arrayValue)
        let texts: [String?] =
            if let letters = fixture[set]?.stringValue {
                letters.map { String($0) }
            } else {
                try #require(fixture.at(set).arrayValue).map(\.stringValue)
            }
        var questions: [JSONValue] = []
        var lines: [JSONValue] = []
        for index in texts.indices {
            questions.append([
                "question_id": .string(ids[index]), "question": "What?", "choice_a": "a",
                "choice_b": "b", "choice_c": "c", "choice_d": "d",
                "answer": .string(String(gold[index])), "data_id": .string("d\(index / 3)"),
                "data_type": ids[index].hasPrefix("v") ? "video" : "image",
                "question_type_id": types[index],
            ])
            guard let text = texts[index] else { continue }
            lines.append([
                "question_id": Int(ids[index]).map { .integer($0) } ?? .string(ids[index]),
                "text": .string(text),
            ])
        }
        var names = JSONObject()
        for (index, name) in try fixture.at("names").strings().enumerated() {
            names[name] = .integer(index + 1)
        }
        let folder = try TemporaryFolder()
        let file: JSONValue = ["questions": .array(questions), "question_type": .object(names)]
        try folder.write("SEED-Bench.json", try file.text())
        return (folder, try folder.write("answers.jsonl", lines: lines))
    }

    @Test(arguments: ["gpt-4v", "llava-v1.5-13b", "adversarial"], ["llava", "lmms-eval"])
    func `accuracies have the digits of the official code`(
        _ set: String, _ variant: String
    ) throws {
        let (folder, path) = try Self.files(set)
        let run = try ScoredRun(SEEDBench(), path, folder.path, variant)
        let totals = try oracleFile("seed_totals.json").at(set, variant)
        var wrong: [String] = []
        for (part, key) in [(nil, "all"), ("image", "image"), ("video", "video")] {
            let found = run.figures.first { $0.part == part }?.value
            if found != totals[key]?.doubleValue { wrong.append("\(key): \(found ?? -1)") }
        }
        for type in totals["types"]?.objectValue?.members ?? [] {
            let found = run.figures.first { $0.part == type.key }?.value
            if found != type.value.doubleValue { wrong.append("\(type.key): \(found ?? -1)") }
        }
        #expect(wrong == [])
        #expect(run.recorder.notes.contains { $0.contains("used twice") } == (variant == "llava"))
    }

    @Test func `every adversarial answer is right or wrong as in lmms-eval`() throws {
        let (folder, path) = try Self.files("adversarial")
        let run = try ScoredRun(SEEDBench(), path, folder.path, "lmms-eval")
        let scores = try #require(try oracleFile("seed.json").at("lmms_scores").stringValue)
        let wrong = zip(run.items, scores).filter { ($0.0.score == 1) != ($0.1 == "1") }
        #expect(wrong.map { $0.0.prediction } == [])
        #expect(run.items.count == 1500)
    }

    @Test func `the second question with an id has its own answer when it is asked as such`() throws
    {
        let folder = try TemporaryFolder()
        func question(_ answer: String) -> String {
            "{\"question_id\": \"49914\", \"question\": \"?\", \"choice_a\": \"1\", \"choice_b\": "
                + "\"2\", \"choice_c\": \"3\", \"choice_d\": \"4\", \"answer\": \"\(answer)\", "
                + "\"data_id\": \"x\", \"data_type\": \"image\", \"question_type_id\": 1}"
        }
        try folder.write(
            "SEED-Bench.json",
            "{\"questions\": [\(question("A")), \(question("B"))], \"question_type\": {\"T\": 1}}")
        let questions = try SEEDBench().questions(BenchmarkFiles(folder.path))
        #expect(questions.map(\.id.text) == ["49914", "49914#2"])
        func score(_ lines: String, _ variant: String) throws -> Double {
            let path = try folder.write("a.jsonl", lines)
            return try ScoredRun(SEEDBench(), path, folder.path, variant).figures[0].value
        }
        let own = "{\"question_id\": 49914, \"text\": \"A\"}\n"
        let second = "{\"question_id\": \"49914#2\", \"text\": \"B\"}\n"
        let both = own + "{\"question_id\": 49914, \"text\": \"B\"}\n"
        let results = [
            try score(own + second, "llava"), try score(both, "llava"),
            try score(both, "lmms-eval") * 100, try score(own, "llava"),
        ]
        #expect(results == [100, 50, 100, 50])
    }

    @Test func `questions carry options, the letter instruction and middle frames`() throws {
        let questions = try SEEDBench().questions(
            BenchmarkFiles(PackagePaths.fixture("benchmarks/seed")))
        #expect(questions.map(\.id.text) == ["101", "102", "v7"])
        #expect(
            questions[0].text
                == "How many cups are there?\nA. One\nB. Two\nC. Three\nD. Four\n"
                + "Answer with the option's letter from the given choices directly.")
        #expect(
            questions.map(\.category) == [
                "Instances Counting", "Scene Understanding", "Action Recognition",
            ])
        #expect(
            questions.map { $0.pictures[0].name } == [
                "SEED-Bench-image/1_2", "SEED-Bench-image/1_2", "SEED-Bench-video-image/10_v7.png",
            ])
        for question in questions {
            let bytes = try question.pictures[0].load()
            #expect(!bytes.isEmpty)
        }
    }
}
