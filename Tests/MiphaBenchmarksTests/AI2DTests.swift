import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct AI2DTests {
    private static func files(
        isPlain: Bool
    ) throws -> (folder: TemporaryFolder, path: String) {
        let fixture = try oracleFile("ai2d.json")
        let ids = try #require(fixture.at("ids").stringValue).split(separator: " ").map(String.init)
        let gold = try #require(fixture.at("gold").stringValue)
        var questions: [JSONValue] = []
        var lines: [JSONValue] = []
        let texts = try fixture.at("texts").strings()
        for ((id, letter), text) in zip(zip(ids, gold), texts) {
            let answer = String(letter)
            questions.append(
                isPlain
                    ? [
                        "question_id": .string(id), "question": "?", "image": "images/1.png",
                        "options": ["a", "b", "c", "d"],
                        "answer": .string("\((letter.asciiValue ?? 65) - 65)"),
                    ]
                    : [
                        "question_id": .string(id), "image": "images/1.png",
                        "answer": .string(answer),
                        "question": .string("?\nA. a\nB. b\nC. c\nD. d" + PromptSuffix.letter),
                    ])
            lines.append(["question_id": .string(id), "text": .string(text)])
        }
        let folder = try TemporaryFolder()
        try folder.write("test.jsonl", lines: questions)
        return (folder, try folder.write("answers.jsonl", lines: lines))
    }

    @Test(arguments: ["lmms-eval", "lmms-eval-harness"], [true, false])
    func `every answer is right or wrong as in lmms-eval`(
        _ variant: String, _ isPlain: Bool
    ) throws {
        let (folder, path) = try Self.files(isPlain: isPlain)
        let run = try ScoredRun(AI2D(), path, folder.path, variant)
        let scores = try #require(try oracleFile("ai2d.json").at("scores", variant).stringValue)
        let wrong = zip(run.items, scores).filter { ($0.0.score == 1) != ($0.1 == "1") }
        #expect(wrong.map { $0.0.prediction } == [])
        #expect(run.items.count == 3088)
        let total = try oracleFile("ai2d.json").at("totals", variant).doubleValue
        #expect(run.figures[0].value == total)
        let questions = try AI2D().questions(BenchmarkFiles(folder.path))
        #expect(questions[0].text == "?\nA. a\nB. b\nC. c\nD. d" + PromptSuffix.letter)
    }

    @Test(arguments: [true, false])
    func `VLMEvalKit's rule reads every answer as its code does`(_ isPlain: Bool) throws {
        let fixture = try oracleFile("ai2d_vlmevalkit.json")
        let items = try #require(fixture.at("items").arrayValue)
        var (questions, lines, letters): ([JSONValue], [JSONValue], [String]) = ([], [], [])
        for (index, item) in items.enumerated() {
            let parts = try #require(item.arrayValue)
            let options = try parts[0].strings()
            let gold = try #require(parts[1].integerValue)
            letters.append(try #require(parts[3].stringValue))
            lines.append(["question_id": .integer(index), "text": parts[2]])
            let written = zip("ABCDEF", options).map { "\n\($0). \($1)" }.joined()
            let letter = Array("ABCDEF")[gold]
            questions.append(
                isPlain
                    ? [
                        "question_id": .integer(index), "question": "?", "options": parts[0],
                        "answer": .integer(gold),
                    ]
                    : [
                        "question_id": .integer(index), "answer": .string(String(letter)),
                        "question": .string("?" + written + PromptSuffix.letter),
                    ])
        }
        let folder = try TemporaryFolder()
        try folder.write("test.jsonl", lines: questions)
        let answers = try folder.write("answers.jsonl", lines: lines)
        let run = try ScoredRun(AI2D(), answers, folder.path, "vlmevalkit")
        let wrong = zip(run.items, letters).filter { ($0.0.parsed ?? "") != $0.1 }
        #expect(wrong.map { "\($0.0.prediction): \($0.0.parsed ?? "") for \($0.1)" } == [])
        #expect(run.items.count == 900)
        #expect(run.figures[0].value == (try fixture.at("total").doubleValue))
    }

    @Test func `questions carry options and the letter instruction`() throws {
        let questions = try AI2D().questions(
            BenchmarkFiles(PackagePaths.fixture("benchmarks/ai2d")))
        #expect(questions.map(\.id.text) == ["0", "1", "2"])
        #expect(
            questions[0].text
                == "What does the arrow mean?\nA. heat\nB. light\nC. water\nD. wind\n"
                + "Answer with the option's letter from the given choices directly.")
        #expect(questions.map(\.expected) == [["B"], ["A"], ["C"]])
        let bytes = try questions[0].pictures[0].load()
        #expect(!bytes.isEmpty)
    }

    @Test func `AI2's own folder is read for the test pictures`() throws {
        let folder = try TemporaryFolder()
        func write(_ number: Int, _ answer: Int) throws {
            try folder.write(
                "questions/\(number).png.json",
                "{\"imageName\": \"\(number).png\", \"questions\": {\"What is \(number)?\": "
                    + "{\"abcLabel\": true, \"answerTexts\": [\"a\", \"b\"], \"correctAnswer\": "
                    + "\(answer), \"questionId\": \"\(number).png-0\"}}}")
        }
        try write(3, 1)
        try write(8, 0)
        try folder.write("abc_images/8.png", "x")
        let all = try AI2D().questions(BenchmarkFiles(folder.path))
        #expect(all.map(\.id.text) == ["3.png-0", "8.png-0"])
        try folder.write("ai2d_test_ids.csv", "8\r\n")
        let test = try AI2D().questions(BenchmarkFiles(folder.path))
        #expect(test.map(\.id.text) == ["8.png-0"])
        #expect(test[0].text == "What is 8?\nA. a\nB. b" + PromptSuffix.letter)
        #expect(test[0].pictures[0].name == "abc_images/8.png")
        let answers = try folder.write(
            "a.jsonl", "{\"question_id\": \"8.png-0\", \"text\": \"a.\"}")
        let run = try ScoredRun(AI2D(), answers, folder.path)
        #expect(run.figures[0].value == 1)
    }
}
