import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Files as people have them: saved by editors and spreadsheets, packed, written by other tools.
struct HostileInputTests {
    /// The answers of a file to the fixture of questions of one's own, or the error.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let outcome: Result<[String], AnswerFieldTests.Case.Words>

        init(_ name: String, _ bytes: [UInt8], takes texts: String...) {
            testDescription = name
            self.bytes = bytes
            outcome = .success(texts)
        }

        init(_ name: String, _ bytes: [UInt8], refuses words: String...) {
            testDescription = name
            self.bytes = bytes
            outcome = .failure(.init(all: words))
        }
    }

    private static let line = #"{"question_id": "picture-0-count", "text": "1"}"#
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static func wide(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    static let cases: [Case] = [
        Case(
            "a byte order mark and Windows line ends", mark + Array((line + "\r\n").utf8),
            takes: "1"),
        Case("blank lines", Array("\n\r\n\(line)\n\n".utf8), takes: "1"),
        Case("the same answer twice", Array("\(line)\n\(line)\n".utf8), takes: "1"),
        Case("a map of ids to texts", Array(#"{"picture-0-count": "1"}"#.utf8), takes: "1"),
        Case(
            "UTF-16 with a mark", [0xFF, 0xFE] + wide(line), refuses: "UTF-16", "save it as UTF-8"),
        Case("UTF-16 without a mark", wide(line), refuses: "UTF-16", "save it as UTF-8"),
        Case(
            "an Excel workbook", [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8],
            refuses: "an Excel workbook (xlsx)", "expected predictions as JSON"),
        Case(
            "an old Excel workbook", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            refuses: "an Excel workbook of the old kind (xls)"),
        Case("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0], refuses: "a gzip archive", "unpack it"),
        Case("Parquet", Array("PAR1\u{15}\u{4}\u{15}\u{10}".utf8), refuses: "a Parquet file"),
        Case(
            "a table", Array("question_id,text\r\n1,red\r\n".utf8),
            refuses: "answers:1", "\"question_id,text\"", "a table has to be converted"),
        Case(
            "a table with a mark and semicolons", mark + Array("id;prediction\r\n1;red\r\n".utf8),
            refuses: "\"id;prediction\"", "a table has to be converted"),
        Case("a code fence", Array("```json\n[]\n```".utf8), refuses: "\"```json\""),
        Case("nothing", [], refuses: "the file is empty"),
        Case("a mark and blanks", mark + Array(" \r\n".utf8), refuses: "the file is empty"),
        Case("an empty list", Array("[]".utf8), refuses: "no answers in this file"),
        Case(
            "two answers to one question",
            Array("\(line)\n\(line.replacing("1", with: "2"))\n".utf8),
            refuses: "two different answers", "answers:1", "answers:2"),
        Case(
            "an id with a blank", Array(#"{"question_id": "picture-0-count ", "text": "1"}"#.utf8),
            refuses: "\"picture-0-count \""),
        Case(
            "a number as answer", Array(#"{"question_id": "picture-0-count", "text": 1}"#.utf8),
            refuses: "expected a text under \"text\"", "a number"),
        Case(
            "a log of lmms-eval",
            Array(#"{"doc_id": 0, "target": "1", "resps": [["1"]], "filtered_resps": ["1"]}"#.utf8),
            refuses: "question_id or questionId or id", "doc_id, target, resps"),
    ]

    @Test(arguments: cases)
    func `predictions are read, or refused by what they are`(_ item: Case) throws {
        let folder = try TemporaryFolder()
        var predictions = try Predictions(folder.write("answers", item.bytes))
        predictions.isPartial = true
        var recorder = ScoreRecorder(keepsItems: true)
        recorder.leavesOutMissing = true
        let error = evaluationFailure {
            try Custom().score(
                predictions, against: BenchmarkFiles(PackagePaths.fixture("benchmarks/custom")),
                variant: Custom().card.variant(nil), into: &recorder)
        }
        switch item.outcome {
        case .success(let texts):
            #expect(error == nil)
            #expect(recorder.items.map(\.prediction) == texts)
        case .failure(let words):
            let message = try #require(error).message
            #expect(words.all.filter { !message.contains($0) } == [], "\(message)")
        }
    }

    @Test(arguments: ["custom", "vqav2", "pope", "gqa", "llavabench", "mmvet"])
    func `a folder is no file of predictions`(_ id: String) throws {
        let folder = try TemporaryFolder()
        let benchmark = try BenchmarkCatalog.named(id)
        let error = evaluationFailure {
            var recorder = ScoreRecorder()
            try benchmark.score(
                Predictions(folder.path),
                against: BenchmarkFiles(PackagePaths.fixture("benchmarks/\(id)")),
                variant: benchmark.card.variant(nil), into: &recorder)
        }
        #expect(error?.message.contains("expected a file of predictions, found a folder") == true)
    }

    @Test func `an archive with a folder inside and a Mac's leftovers is read`() throws {
        let data = try DataFolder()
        let questions = #"{"id": 1, "question": "?", "answer": "yes"}"#
        try data.zip(
            "mine.zip",
            [
                ("__MACOSX/mine/._questions.jsonl", "rubbish"), ("mine/.DS_Store", "rubbish"),
                ("mine/deep/questions.jsonl", questions),
            ])
        try data.write("answers.jsonl", #"{"id": 1, "text": "yes"}"#)
        let run = try ScoredRun(
            Custom(), data.folder.file("answers.jsonl"), data.folder.file("mine.zip"))
        #expect(run.figures[0].value == 100)
    }

    @Test func `MMBench's tables are told from workbooks, and columns between semicolons`() throws {
        let folder = try TemporaryFolder()
        var writer = try SpreadsheetWriter()
        try writer.append(["index", "question", "A", "B", "answer"].map { .text($0) })
        let workbook = try folder.write("table.xlsx", writer.finished())
        let answers = try folder.write("answers.jsonl", #"{"question_id": 1, "text": "A"}"#)
        let error = evaluationFailure { _ = try ScoredRun(MMBench(), answers, workbook) }
        #expect(error?.message.contains("\(workbook): expected a table as text in UTF-8") == true)
        #expect(error?.message.contains("an Excel workbook (xlsx)") == true)
        let european = try folder.write("answers.csv", "index;prediction\r\n241;A\r\n")
        let columns = evaluationFailure {
            _ = try ScoredRun(MMBench(), european, PackagePaths.fixture("benchmarks/mmbench"))
        }
        #expect(columns?.message.contains("separated by semicolons") == true)
    }

    @Test func `MMBench's upload needs no pictures`() throws {
        let folder = try TemporaryFolder()
        let table = try folder.write(
            "test.tsv", "index\tquestion\tA\tB\tcategory\n7\tWhich?\tred\tblue\tcolour\n")
        let answers = try folder.write("answers.jsonl", #"{"question_id": 7, "text": "B"}"#)
        let files = try BenchmarkFiles(table)
        let upload = try #require(
            try MMBench().submission(of: Predictions(answers), files: files))
        let rows = try SpreadsheetReader(path: folder.write("upload.xlsx", upload.bytes)).rows()
        #expect(
            rows == [
                ["index", "question", "A", "B", "prediction"], ["7", "Which?", "red", "blue", "B"],
            ])
        let asking = evaluationFailure { _ = try MMBench().questions(files) }
        #expect(asking?.message.contains("image") == true)
    }

    @Test func `options beyond D are not left out of MMBench's prompts`() throws {
        let folder = try TemporaryFolder()
        let table = try folder.write(
            "mine.tsv",
            "index\tquestion\tA\tB\tE\tanswer\timage\n7\tWhich?\tred\tblue\tgreen\tA\tAAAA\n")
        let error = evaluationFailure { _ = try MMBench().questions(BenchmarkFiles(table)) }
        #expect(error?.message.contains("option in the column E") == true)
    }

    @Test func `a record's right answers and questions are read under one name`() throws {
        let folder = try TemporaryFolder()
        let start = #"{"id": 1, "question": "?", "#
        let cases = [
            (start + #""answer": "a", "answers": ["b"]}"#, "\"answer\" and \"answers\""),
            (start + #""text": "??", "answer": "a"}"#, "\"question\" and \"text\""),
            (
                start + #""answer": "a", "image": "1.png", "images": ["2.png"]}"#,
                "name different images"
            ),
            (
                #"{"id": 1, "conversations": [{"from": "system", "value": "x"}, "#
                    + #"{"from": "human", "value": "?"}, {"from": "gpt", "value": "a"}]}"#,
                "\"system\""
            ),
        ]
        for (text, words) in cases {
            let path = try folder.write("questions.jsonl", text)
            let error = evaluationFailure { _ = try Custom().questions(BenchmarkFiles(path)) }
            #expect(error?.message.contains(words) == true, "\(text): \(error?.message ?? "")")
        }
        let list = try folder.write(
            "questions.jsonl", start + #""answer": "a", "images": ["1.png", "2.png"]}"#)
        let questions = try Custom().questions(BenchmarkFiles(list))
        #expect(questions[0].pictures.map(\.name) == ["1.png", "2.png"])
        let turns = (0..<2).map { _ in
            #"{"from": "human", "value": "?"}, {"from": "gpt", "value": "a"}"#
        }
        let long = try folder.write(
            "questions.jsonl", "{\"id\": 1, \"conversations\": [\(turns.joined(separator: ", "))]}")
        let files = try BenchmarkFiles(long)
        #expect(try Custom().questions(files).count == 1)
        #expect(files.fieldNotes.contains { $0.contains("only the first one is asked") })
    }

    @Test func `AI2D's pictures may be objects with a path, and nothing else`() throws {
        let folder = try TemporaryFolder()
        let start = #"{"question": "?", "options": ["a", "b"], "answer": 0, "image": "#
        let path = try folder.write("test.jsonl", start + #"{"path": "1.png", "bytes": null}}"#)
        let questions = try AI2D().questions(BenchmarkFiles(path))
        #expect(questions[0].pictures.map(\.name) == ["1.png"])
        try folder.write("test.jsonl", start + "[1]}")
        let error = evaluationFailure { _ = try AI2D().questions(BenchmarkFiles(path)) }
        #expect(error?.message.contains("\"image\"") == true)
    }

    @Test func `MMMU's answers may begin with a byte order mark`() throws {
        let folder = try TemporaryFolder()
        let text = #"{"validation_Art_1": {"question_type": "open", "ground_truth": "fox"}}"#
        try folder.write("answer_dict_val.json", Self.mark + Array(text.utf8))
        let answers = try folder.write("answers.json", #"{"validation_Art_1": "fox"}"#)
        #expect(try ScoredRun(MMMU(), answers, folder.path).figures[0].value == 1)
    }
}

extension HostileInputTests {
    @Test func `of two pictures with one name the message names both`() throws {
        let data = try DataFolder()
        try data.write("a/1.png", "x")
        try data.write("b/1.png", "y")
        try data.write(
            "questions.jsonl", #"{"id": 1, "question": "?", "answer": "a", "image": "1.png"}"#)
        let questions = try Custom().questions(BenchmarkFiles(data.path))
        let error = evaluationFailure { _ = try questions[0].pictures[0].load() }
        #expect(error?.message.contains("2 files have this name") == true)
        #expect(error?.message.contains("a/1.png, \(data.path)/b/1.png") == true)
    }
}
