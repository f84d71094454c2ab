import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct MMBenchTests {
    static let table = PackagePaths.fixture("oracles/mmbench_dev_20230712.tsv")
    static let lines = PackagePaths.fixture("oracles/mmbench_lines.jsonl")

    @Test(arguments: [
        "circular", "vanilla", "circular-lmms-eval", "circular-lmms-eval-static",
    ])
    func `adversarial answers score as with the public tools`(_ variant: String) throws {
        let file = try examOracle("mmbench_oracle.json")
        let expected = try #require(file[variant])
        let result = try scoredExam(MMBench(), Self.lines, Self.table, variant)
        for member in try #require(expected["totals"]?.objectValue).members {
            let pieces = member.key.split(separator: " ", maxSplits: 1).map(String.init)
            let value =
                pieces.count < 2
                ? result.value("accuracy") : result.value("accuracy", pieces[0], pieces[1])
            #expect(value == member.value.doubleValue, "\(member.key)")
        }
        if let report = expected["report"] {
            #expect(result.figures.first?.value == report["Overall"]?.doubleValue)
        }
        let right = try #require(expected["right"]?.arrayValue).compactMap(\.integerValue)
        #expect(result.rightIDs == Set(right.map(String.init)))
    }

    @Test func `single answers are read as by VLMEvalKit and lmms-eval`() throws {
        let file = try examOracle("mmbench_oracle.json")
        let items = try #require(file["items"]?.objectValue)
        var table = try DelimitedTable(path: Self.table)
        let answers = try Predictions(Self.lines).keyed()
        var count = 0
        while let row = try table.next() {
            let index = try row.text("index")
            let expected = try #require(items[index]?.arrayValue).map(\.stringValue)
            let text = try #require(answers[QuestionID(index)]).text
            var options: [OptionExtractor.Option] = []
            for letter in ["A", "B", "C", "D"] {
                if let option = try row.value(letter) { options.append(.init(letter, option)) }
            }
            let readings = [
                OptionExtractor.vlmEvalKit(text, options: options),
                OptionExtractor.lmmsEval(text, options: options),
                OptionExtractor.lmmsEvalStatic(text, letters: options.map(\.letter)),
            ]
            #expect(readings.map { $0.letter ?? "" } == expected, "\(text) \(options)")
            count += 1
        }
        #expect(count == items.count && count > 500)
    }

    @Test func `unresolved answers are wrong and listed`() throws {
        let result = try scoredExam(MMBench(), Self.lines, Self.table, "vanilla")
        let unread = result.items.filter { $0.parsed == nil }
        #expect(!unread.isEmpty)
        #expect(unread.allSatisfy { $0.score == 0 && $0.status != .scored })
        #expect(result.items.contains { $0.parsed == "Z" && $0.status == .unparsed })
        #expect(result.counts[.ambiguous] ?? 0 > 0)
        #expect(result.unresolved.count == result.items.count { $0.status != .scored })
    }

    @Test(arguments: ["tsv", "xlsx", "json", "csv"])
    func `tables of answers score as LLaVA's lines`(_ form: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("p.\(form)")
        var workbook = try SpreadsheetWriter()
        try workbook.append(["index", "prediction"])
        var text = form == "tsv" ? "index\tprediction\n" : "prediction,index\r\n"
        var list: [JSONValue] = []
        for record in try Predictions(Self.lines).records() {
            let number = try #require(Int(record.id.text))
            let quoted = "\"\(record.text.replacing("\"", with: "\"\""))\""
            text += form == "tsv" ? "\(number)\t\(quoted)\n" : "\(quoted),\(number)\r\n"
            try workbook.append([.integer(number), .text(record.text)])
            list.append(["index": .integer(number), "prediction": .string(record.text)])
        }
        switch form {
        case "xlsx": try workbook.write(to: path)
        case "json": try JSONValue.array(list).write(to: path)
        default: try Data(text.utf8).write(to: URL(filePath: path))
        }
        let whole = try scoredExam(MMBench(), Self.lines, Self.table)
        let result = try scoredExam(MMBench(), path, Self.table)
        // Empty cells are missing answers, texts such as "None" are read as pandas reads them.
        let plain = whole.items.filter { item in
            !item.prediction.split(separator: " | ", omittingEmptySubsequences: false)
                .contains { DelimitedTable.pandasMissing.contains(String($0)) }
        }
        let rights = result.rightIDs
        for item in plain { #expect((item.score == 1) == rights.contains(item.id.text)) }
        #expect(plain.count > 100)
    }

    @Test func `rows without an answer are wrong and noted`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("p.jsonl")
        try Data(
            """
            {"question_id": 241, "text": "A", "round_id": 0, "options": ["red", "green", "blue"]}
            {"question_id": 241, "text": "B", "round_id": 1, "options": ["green", "blue", "red"]}
            {"question_id": "1000241", "text": "(C)"}
            {"question_id": 252, "text": "B"}
            """.utf8
        ).write(to: URL(filePath: path))
        let folderOfTable = PackagePaths.fixture("benchmarks/mmbench")
        let result = try scoredExam(MMBench(), path, folderOfTable)
        #expect(result.value("accuracy") == 0.5)
        #expect(result.counts[.missing] == 1)
        #expect(result.items.map(\.parsed) == ["A C", "B -"])
        #expect(result.notes.contains { $0.hasPrefix("1 of 4 rows have no answer") })
        #expect(result.notes.contains { $0.hasPrefix("1 answers of further rounds") })
        let single = try scoredExam(MMBench(), path, folderOfTable, "vanilla")
        #expect(single.value("accuracy") == 0.75)
        #expect(single.value("accuracy", "pass", "0") == 1)
        #expect(Set(single.items.map(\.cluster)).count == 2)
    }

    @Test func `several splits are reported apart`() throws {
        let folder = try TemporaryFolder()
        let table = folder.file("MMBench.tsv")
        try Data(
            """
            index\tquestion\tA\tB\tanswer\tl2-category\tsplit
            1\tWhat?\tx\ty\tA\tlogic\tdev
            2\tWhat?\tx\ty\tA\tlogic\ttest
            3\tWhat?\tx\ty\tA\tlogic\ttest
            """.utf8
        ).write(to: URL(filePath: table))
        let path = folder.file("p.json")
        try Data(#"[{"index":1,"prediction":"B"},{"index":2,"prediction":"A"}]"#.utf8)
            .write(to: URL(filePath: path))
        let result = try scoredExam(MMBench(), path, table)
        #expect(result.value("accuracy") == 1 / 3.0)
        #expect(result.value("accuracy", "split", "test") == 0.5)
        #expect(result.value("accuracy", "split/l2-category", "dev/logic") == 0)
        #expect(result.notes.contains { $0.contains("no rotated copies") })
    }

    // MARK: Upload

    @Test func `the upload file has the cells of LLaVA's script`() throws {
        let submission = try #require(
            try MMBench().submission(
                of: try Predictions(Self.lines), files: try BenchmarkFiles(Self.table)))
        #expect(submission.name == "mmbench_dev_20230712.xlsx")
        let folder = try TemporaryFolder()
        try Data(submission.bytes).write(to: URL(filePath: folder.file("u.xlsx")))
        let rows = try SpreadsheetReader(path: folder.file("u.xlsx")).rows()
        let file = try examOracle("mmbench_oracle.json")
        let expected = try #require(file["upload"]?["rows"]?.arrayValue)
        for (row, wanted) in zip(rows, expected) {
            let texts = try #require(wanted.arrayValue).compactMap(\.stringValue)
            let cells = texts.indices.map { $0 < row.count ? row[$0] ?? "" : "" }
            #expect(cells == texts)
        }
        #expect(rows.count - 1 == file["upload"]?["count"]?.integerValue)
    }

    // MARK: Questions

    @Test func `prompts are those of LLaVA's script`() throws {
        let questions = try MMBench().questions(
            try BenchmarkFiles(PackagePaths.fixture("benchmarks/mmbench")))
        #expect(questions.map(\.id.text) == ["241", "1000241", "252", "1000252"])
        #expect(
            questions[0].text
                == "Look at the whole picture.\nWhich color is the picture?\nA. red\nB. green\n"
                + "C. blue\nAnswer with the option's letter from the given choices directly.")
        #expect(
            questions[0].writtenPrompt.map { questions[0].text.hasPrefix($0 + "\nAnswer") } == true)
        #expect(questions[2].text.hasPrefix("Is it dark?\nA. yes\nB. no\nAnswer with"))
        #expect(questions[2].answerFields["option_char"] == ["A", "B"])
        #expect(questions[3].expected == ["A"])
        #expect(try questions[0].pictures[0].load().starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test func `Chinese prompts carry the Chinese instruction and borrowed pictures`() throws {
        let benchmark = try BenchmarkCatalog.named("mmbench-cn")
        let questions = try benchmark.questions(
            try BenchmarkFiles(PackagePaths.fixture("benchmarks/mmbench-cn")))
        #expect(
            questions[0].text
                == "看整张图片。\n图片是什么颜色？\nA. 红色\nB. 绿色\nC. 蓝色\n请直接回答选项字母。")
        #expect(questions[2].pictures == questions[0].pictures)
    }
}
