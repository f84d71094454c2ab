import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct ScienceQATests {
    /// The test split of the fixture in the authors' files.
    private static func problems(_ folder: TemporaryFolder) throws -> (
        ids: [String], images: [Bool]
    ) {
        let table = try oracleFile("scienceqa.json")
        func flags(_ key: String) throws -> [Int] {
            try #require(table.at(key).stringValue).compactMap(\.wholeNumberValue)
        }
        let ids = try #require(table.at("ids").stringValue).split(separator: " ").map(String.init)
        let (answers, counts) = (try flags("answers"), try flags("counts"))
        let (images, hints, subjects) = (
            try flags("images"), try flags("hints"), try flags("subjects")
        )
        let grades = try #require(table.at("grades").arrayValue)
        let names = ["natural science", "social science", "language science"]
        var problems = JSONObject()
        for (index, id) in ids.enumerated() {
            problems[id] = [
                "question": "?", "answer": .integer(answers[index]),
                "choices": .array((0..<counts[index]).map { .string("choice \($0)") }),
                "hint": hints[index] == 1 ? "some context" : "",
                "image": images[index] == 1 ? "image.png" : .null,
                "subject": .string(names[subjects[index]]),
                "grade": .string("grade\(grades[index].integerValue ?? 0)"),
            ]
        }
        try folder.write("problems.json", try JSONValue.object(problems).text(.compact))
        let train = try #require(table.at("train").integerValue)
        let splits: JSONValue = [
            "train": .array((0..<train).map { .string("t\($0)") }),
            "test": .array(ids.map { .string($0) }),
        ]
        try folder.write("pid_splits.json", try splits.text(.compact))
        return (ids, images.map { $0 == 1 })
    }

    /// Answer lines of a set with LLaVA's marks in the prompts; short sets answer the rest with A.
    private static func run(
        _ set: String, _ variant: String, where isAnswered: (Int) -> Bool = { _ in true }
    ) throws -> ScoredRun {
        let folder = try TemporaryFolder()
        let (ids, images) = try problems(folder)
        let texts = try oracleFile("scienceqa_\(set).json").at("texts").strings()
        var lines: [JSONValue] = []
        for (index, id) in ids.enumerated() where isAnswered(Int(id) ?? 0) {
            lines.append([
                "question_id": .string(id), "prompt": images[index] ? "<image>\n?" : "?",
                "text": .string(index < texts.count ? texts[index] : "A"),
            ])
        }
        let path = try folder.write("answers.jsonl", lines: lines)
        return try ScoredRun(ScienceQA(), path, folder.path, variant)
    }

    /// The figures of an oracle that differ; keys are figures, or parts of the authors' report.
    private static func differences(_ run: ScoredRun, _ totals: JSONValue) -> [String] {
        (totals.objectValue?.members ?? []).compactMap { member in
            let found = run.figures.first {
                $0.part == nil ? $0.name == member.key : $0.part == member.key
            }?.value
            return found == member.value.doubleValue
                ? nil : "\(member.key): \(found ?? -1) instead of \(member.value)"
        }
    }

    @Test(
        arguments: ["llava-v1.5-13b", "gpt-3", "adversarial"], ["llava", "original", "lmms-eval"])
    func `every answer and all figures are those of the official code`(
        _ set: String, _ variant: String
    ) throws {
        let run = try Self.run(set, variant)
        let totals = try oracleFile("scienceqa_totals.json").at(set, variant)
        #expect(Self.differences(run, totals) == [])
        let parsed = try #require(
            try oracleFile("scienceqa_\(set).json").at("parsed", variant).stringValue)
        let answers = try #require(try oracleFile("scienceqa.json").at("answers").stringValue)
        var wrong: [String] = []
        for ((item, letter), answer) in zip(zip(run.items, parsed), answers) {
            let isSame =
                switch variant {
                case "llava": (item.parsed ?? "?") == String(letter)
                case "original": (item.score == 1) == (letter == answer)
                default: (item.score == 1) == (letter == "1")
                }
            if !isSame { wrong.append("\(item.id) \(item.prediction): \(letter)") }
        }
        #expect(wrong == [])
        #expect(run.items.count == 4241)
    }

    @Test func `LLaVA-1.5-13B has the published 71.6 with pictures`() throws {
        let run = try Self.run("llava-v1.5-13b", "llava")
        #expect(run.figures[0].name == "img_accuracy")
        #expect(run.figures[0].value == 71.64105106593951)
        #expect(run.figures[1].value == 74.39283187927376)
    }

    @Test func `missing answers are wrong and count without a picture`() throws {
        let run = try Self.run("llava-v1.5-13b", "llava") { $0 % 3 != 0 }
        let totals = try oracleFile("scienceqa_totals.json").at("missing", "llava")
        #expect(Self.differences(run, totals) == [])
        #expect(run.recorder.notes.contains { $0.contains("no answer") })
        #expect(run.recorder.counts[.missing] ?? 0 > 1000)
    }

    @Test func `the indices of the authors' result file count as they are`() throws {
        let folder = try TemporaryFolder()
        let (ids, _) = try Self.problems(folder)
        let texts = try oracleFile("scienceqa_gpt-3.json").at("texts").strings()
        let recorded = try #require(try oracleFile("scienceqa.json").at("recorded").stringValue)
        var (results, outputs) = (JSONObject(), JSONObject())
        for ((id, text), index) in zip(zip(ids, texts), recorded) {
            results[id] = .integer(index.wholeNumberValue ?? -1)
            outputs[id] = .string(text)
        }
        let file: JSONValue = [
            "acc": 75.17095024758311, "results": .object(results), "outputs": .object(outputs),
        ]
        let path = try folder.write("gpt3.json", try file.text())
        let run = try ScoredRun(ScienceQA(), path, folder.path, "original")
        let totals = try oracleFile("scienceqa_totals.json").at("gpt-3")
        #expect(Self.differences(run, try totals.at("recorded")) == [])
        let other = try ScoredRun(ScienceQA(), path, folder.path, "llava")
        #expect(Self.differences(other, try totals.at("llava")) == [])
    }

    @Test func `questions carry LLaVA's prompt and mark pictures in the written one`() throws {
        let questions = try ScienceQA().questions(
            BenchmarkFiles(PackagePaths.fixture("benchmarks/scienceqa")))
        #expect(questions.map(\.id.text) == ["2", "5", "9"])
        let suffix = "\nAnswer with the option's letter from the given choices directly."
        #expect(
            questions[0].text
                == "Context: The map shows two towns.\nWhich town lies north?\nA. Alva\nB. Brig"
                + suffix)
        #expect(questions[0].writtenPrompt == "<image>\n" + questions[0].text)
        #expect(questions[1].text == "Which is a metal?\nA. wood\nB. iron\nC. glass" + suffix)
        #expect(questions[1].writtenPrompt == questions[1].text)
        #expect(questions[1].pictures.isEmpty)
        #expect(questions.map(\.expected) == [["A"], ["B"], ["B"]])
        #expect(questions[2].text.hasPrefix("Context: Two blanks become one.\nIs it so?"))
        let bytes = try questions[0].pictures[0].load()
        #expect(!bytes.isEmpty)
    }

    @Test func `a letter beyond the choices is wrong`() throws {
        let folder = try TemporaryFolder()
        try folder.write("pid_splits.json", "{\"train\": [], \"test\": [\"1\"]}")
        try folder.write(
            "problems.json",
            "{\"1\": {\"question\": \"?\", \"choices\": [\"a\", \"b\"], \"answer\": 1, "
                + "\"hint\": \"\", \"image\": null, \"subject\": \"x\", \"grade\": \"grade1\"}}")
        let path = try folder.write("a.jsonl", "{\"question_id\": \"1\", \"text\": \"D\"}\n")
        let run = try ScoredRun(ScienceQA(), path, folder.path)
        #expect(run.items.map(\.score) == [0])
        #expect(run.items[0].parsed == "D")
    }
}
