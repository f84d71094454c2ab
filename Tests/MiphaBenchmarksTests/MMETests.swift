import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct MMETests {
    static let sets = ["LaVIN", "llava-v1.5-13b", "adversarial"]

    /// The gold answers and responses of a fixture, task by task.
    private static func rows(
        _ set: String
    ) throws -> [(task: String, gold: [Character], responses: [String])] {
        let fixture = try oracleFile("mme_\(set).json")
        return try #require(fixture.at("gold").objectValue).members.map { member in
            (
                member.key, Array(member.value.stringValue ?? ""),
                try fixture.at("responses", member.key).strings()
            )
        }
    }

    /// Writes an official results folder.
    private static func results(_ set: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (task, gold, responses) in try rows(set) {
            var text = ""
            for (index, response) in responses.enumerated() {
                text += "p\(index / 2).jpg\tQuestion \(index)? Please answer yes or no.\t"
                text += (gold[index] == "y" ? "Yes" : "No") + "\t\(response)\n"
            }
            try folder.write("\(task).txt", text)
        }
        return folder
    }

    /// Writes the authors' data and LLaVA's answer lines with tasks in the given order.
    ///
    /// For LLaVA-1.5-13B a text for each image, beside it or in a folder of its own; for the other
    /// sets the tables of eval_tool.
    private static func answers(
        _ set: String, _ order: [String]
    ) throws -> (folder: TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        var lines: [JSONValue] = []
        let rows = try rows(set)
        for task in order {
            let row = try #require(rows.first { $0.task == task })
            let isSplit = ["artwork", "celebrity", "landmark", "posters", "scene"].contains(task)
            var table = ""
            for picture in 0..<row.responses.count / 2 {
                var text = ""
                for index in [2 * picture, 2 * picture + 1] {
                    let gap = index % 3 == 0 ? "  " : " "
                    let line =
                        "Question \(index)?\(gap)Please answer yes or no.\t"
                        + (row.gold[index] == "y" ? "Yes\n" : "No\n")
                    text += line
                    table += "p\(picture).jpg\t" + line
                    let name = "\(task)/" + (isSplit ? "images/" : "") + "p\(picture).jpg"
                    lines.append([
                        "question_id": .string(name),
                        "prompt": .string("Question \(index)?" + PromptSuffix.short),
                        "text": .string(row.responses[index]),
                    ])
                }
                if set == "llava-v1.5-13b" {
                    try folder.write(
                        "MME_Benchmark_release_version/\(task)/"
                            + (isSplit ? "questions_answers_YN/" : "") + "p\(picture).txt", text)
                }
            }
            if set != "llava-v1.5-13b" {
                try folder.write("eval_tool/Your_Results/\(task).txt", table)
            }
        }
        return (folder, try folder.write("answers.jsonl", lines: lines))
    }

    private static func differences(_ run: ScoredRun, _ oracle: JSONValue) throws -> [String] {
        var result = run.differences(from: oracle, part: nil)
        for task in try #require(oracle.at("tasks").objectValue).members {
            result += run.differences(from: task.value, part: task.key)
        }
        return result
    }

    @Test(arguments: sets)
    func `a results folder scores as the official tool prints`(_ set: String) throws {
        let folder = try Self.results(set)
        let run = try ScoredRun(MME(), folder.path, folder.path)
        let totals = try oracleFile("mme_totals.json").at(set, "official")
        #expect(try Self.differences(run, totals) == [])
        #expect(run.figures.prefix(2).map(\.name) == ["perception", "cognition"])
        #expect(run.recorder.notes.count == 1)
        #expect(run.recorder.notes[0].contains("those of the results folder"))
        #expect(run.items.count == 2374)
    }

    @Test(arguments: sets, ["official", "lmms-eval"])
    func `answer lines score as after LLaVA's converter`(
        _ set: String, _ variant: String
    ) throws {
        let totals = try oracleFile("mme_totals.json").at(set)
        let (folder, path) = try Self.answers(set, try totals.at("order").strings())
        let run = try ScoredRun(MME(), path, folder.path, variant)
        #expect(try Self.differences(run, try totals.at(variant)) == [])
    }

    @Test func `LLaVA-1.5-13B has the published 1531 and 295`() throws {
        let folder = try Self.results("llava-v1.5-13b")
        let run = try ScoredRun(MME(), folder.path, folder.path)
        let (perception, cognition) = (try run.value("perception"), try run.value("cognition"))
        #expect(perception == 1531.3187274909965)
        #expect(cognition == 295.3571428571429)
    }

    @Test(arguments: ["official", "lmms-eval"])
    func `every adversarial response is read as the official code reads it`(
        _ variant: String
    ) throws {
        let folder = try Self.results("adversarial")
        let run = try ScoredRun(MME(), folder.path, folder.path, variant)
        let parsed = try oracleFile("mme_adversarial.json").at("parsed", variant)
        var wrong: [String] = []
        for member in try #require(parsed.objectValue).members {
            let items = run.items.filter { $0.groups.contains(.init("task", member.key)) }
            for (item, letter) in zip(items, member.value.stringValue ?? "")
            where (item.parsed?.first ?? "o") != letter {
                wrong.append("\(item.id) \(item.prediction): \(letter)")
            }
            #expect(items.count == member.value.stringValue?.count)
        }
        #expect(wrong == [])
    }

    @Test func `figures follow from the evidence and carry intervals`() throws {
        let folder = try Self.results("LaVIN")
        var recorder = try ScoredRun(MME(), folder.path, folder.path).recorder
        recorder.addIntervals(Bootstrap(draws: 100))
        let sums = recorder.evidence.sums
        let wrong = recorder.figures.filter { figure in
            guard let statistic = figure.statistic else { return figure.unit != .count }
            return abs(statistic.value(sums) - figure.value) > 1e-9
        }
        #expect(wrong.map(\.label) == [])
        let interval = try #require(recorder.figures[0].interval)
        #expect(interval.low < recorder.figures[0].value)
        #expect(interval.high > recorder.figures[0].value)
        #expect(recorder.evidence.clusterNames.count == 1187)
    }

    @Test func `the official archive works packed as it does unpacked`() throws {
        let tasks = try Self.rows("LaVIN").map(\.task)
        let (folder, answers) = try Self.answers("LaVIN", tasks)
        let unpacked = try ScoredRun(MME(), answers, folder.path)
        let data = try DataFolder()
        var entries: [(String, String)] = []
        for task in tasks {
            let path = folder.file("eval_tool/Your_Results/\(task).txt")
            let table = try String(contentsOfFile: path, encoding: .utf8)
            let other = table.split(separator: "\n").map { "\($0)\tyes\n" }.joined()
            entries.append(("eval_tool/LaVIN/\(task).txt", other))
            entries.append(("eval_tool/Your_Results/\(task).txt", table))
            entries.append(("__MACOSX/eval_tool/Your_Results/._\(task).txt", "x"))
        }
        try data.zip("eval_tool.zip", entries)
        let packed = try ScoredRun(MME(), answers, data.folder.file("eval_tool.zip"))
        #expect(packed.figures.map(\.value) == unpacked.figures.map(\.value))
        #expect(packed.items.count == 2374)
        // A folder above it, as the archive unpacks, and results that are packed.
        for (name, text) in entries where !name.hasPrefix("__") {
            try data.write("mme/tools/\(name)", text)
        }
        let deeper = try ScoredRun(MME(), answers, data.folder.file("mme"))
        #expect(deeper.figures.map(\.value) == unpacked.figures.map(\.value))
        let ambiguous = evaluationFailure {
            _ = try packedResults(data.folder.file("eval_tool.zip"))
        }
        #expect(ambiguous?.message.contains("eval_tool/LaVIN/existence.txt") == true)
        let results = entries.filter { $0.0.contains("LaVIN") }
        try data.zip("LaVIN.zip", results.map { ("LaVIN/\(FileSystem.name(of: $0.0))", $0.1) })
        #expect(try packedResults(data.folder.file("LaVIN.zip")).count == 2374)
    }

    /// A packed results folder, scored.
    private func packedResults(_ path: String) throws -> [ScoredItem] {
        try ScoredRun(MME(), path, PackagePaths.fixture("benchmarks/mme")).items
    }

    @Test func `questions carry LLaVA's prompts and distinct ids`() throws {
        let questions = try MME().questions(
            BenchmarkFiles(PackagePaths.fixture("benchmarks/mme")))
        #expect(
            questions.map(\.id.text) == [
                "existence/0001.jpg", "existence/0001.jpg#2", "artwork/images/2.jpg",
                "artwork/images/2.jpg#2",
            ])
        #expect(
            questions[3].text
                == "Is this artwork a drawing?\nAnswer the question using a single word or phrase.")
        #expect(questions.map(\.expected) == [["yes"], ["no"], ["yes"], ["no"]])
        #expect(questions.map(\.category) == ["existence", "existence", "artwork", "artwork"])
        for question in questions {
            let bytes = try question.pictures[0].load()
            #expect(!bytes.isEmpty)
        }
    }

    @Test func `without LLaVA's question file the tasks are asked in the official order`() throws {
        let (folder, _) = try Self.answers(
            "llava-v1.5-13b",
            try oracleFile("mme_totals.json").at("llava-v1.5-13b", "order").strings())
        try folder.write("MME_Benchmark_release_version/artwork/images/p3.jpg", "x")
        let questions = try MME().questions(BenchmarkFiles(folder.path))
        #expect(questions.count == 2374)
        #expect(
            questions[0].category == "existence" && questions[2373].category == "code_reasoning")
        #expect(Set(questions.map(\.id)).count == 2374)
        let artwork = questions.filter { $0.category == "artwork" }
        #expect(artwork[0].id.text == "artwork/images/p0.jpg")
        #expect(
            artwork[0].text
                == "Question 0?\nAnswer the question using a single word or phrase.")
    }

    @Test func `answers without prompts go to the questions in turn`() throws {
        let folder = try TemporaryFolder()
        try folder.write("OCR.txt", "1.jpg\tA?\tYes\n1.jpg\tB?\tNo\n")
        let path = try folder.write(
            "a.jsonl",
            "{\"question_id\": \"OCR/1.jpg\", \"text\": \"yes\"}\n"
                + "{\"question_id\": \"OCR/1.jpg#2\", \"text\": \"no\\twhy\"}\n")
        let run = try ScoredRun(MME(), path, folder.path)
        #expect(run.items.map(\.score) == [1, 1])
        #expect(run.recorder.notes.contains { $0.contains("tab or a line feed") })
        #expect(run.recorder.notes.contains { $0.contains("2 questions of 40") })
    }
}
