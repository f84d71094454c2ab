import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct MMBenchDamageTests {
    static let header = "index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\timage\tl2-category\n"
    static let row = "1\tWhat?\t\tred\tblue\t\t\tA\tcolor\tiVBORw0KGgo=\tperception\n"
    static let table = header + row

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "column names"),
        ExamDamage("header only", Self.header, .wrongFile, "no rows"),
        ExamDamage("commas", Self.table.replacing("\t", with: ","), .wrongFile, "commas"),
        ExamDamage(
            "without answers", Self.table.replacing("answer", with: "key"), .wrongFile,
            "\"answer\"", "server"),
        ExamDamage(
            "answer missing in a row", Self.table.replacing("\tA\tcolor", with: "\t\tcolor"),
            .wrongFile, "row 1"),
        ExamDamage(
            "answer as a word", Self.table.replacing("\tA\tcolor", with: "\tred\tcolor"),
            .malformedFile, "red"),
        ExamDamage("cut row", Self.table.withoutLast(30), .malformedFile, ":2:"),
        ExamDamage(
            "index as a word", Self.table.replacing("1\tW", with: "one\tW"), .malformedFile,
            "one"),
        ExamDamage(
            "negative index", Self.table.replacing("1\tW", with: "-1\tW"), .malformedFile, "-1"),
        ExamDamage("twice", Self.table + Self.row, .malformedFile, "twice", ":3:"),
        ExamDamage("JSON", #"{"a": 1}"#, .wrongFile, "index"),
        ExamDamage(
            "open quotation mark", Self.header + Self.row.replacing("What", with: "\"What"),
            .malformedFile, ":2"),
        ExamDamage(
            "Latin-1",
            bytes: Array((header + "1\tcaf").utf8) + [0xE9]
                + Array("\t\tred\tblue\t\t\tA\tcolor\tiVBORw0KGgo=\tperception\n".utf8),
            .malformedFile, ["UTF-8"]),
        ExamDamage("null bytes", bytes: [0, 0, 0], .wrongFile, ["index"]),
    ])
    func `wrong tables are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let predictions = folder.file("p.jsonl")
        try Data(#"{"question_id":1,"text":"A"}"#.utf8).write(to: URL(filePath: predictions))
        try damage.check(as: "mmbench_dev_20230712.tsv") { path in
            _ = try scoredExam(MMBench(), predictions, path)
        }
    }

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "empty"),
        ExamDamage("truncated", #"[{"question_id":1,"#, .malformedFile, ":1:"),
        ExamDamage("empty list", "[]", .wrongFile, "no answers"),
        ExamDamage(
            "unknown rows", #"[{"question_id":7,"text":"A"},{"question_id":8,"text":"A"}]"#,
            .mismatch, "2 answers", "7, 8"),
        ExamDamage("id as a word", #"{"question_id":"one","text":"A"}"#, .wrongFile, "question_id"),
        ExamDamage("other keys", #"{"id":1,"answer":"A"}"#, .wrongFile, "id, answer"),
        ExamDamage("null", #"{"question_id":1,"text":null}"#, .wrongFile, "\"text\"", "null"),
        ExamDamage(
            "two answers", #"[{"question_id":1,"text":"A"},{"question_id":1,"text":"B"}]"#,
            .mismatch, "element 0", "element 1"),
        ExamDamage(
            "other options", #"{"question_id":1,"text":"A","options":["红色","蓝色"]}"#,
            .mismatch, "红色"),
        ExamDamage("table without prediction", "index\tanswer\n1\tA\n", .wrongFile, "prediction"),
        ExamDamage(
            "table with a word as index", "index\tprediction\none\tA\n", .malformedFile, "one"),
        ExamDamage("no workbook", "PK\u{3}\u{4}and nothing more", .malformedFile, "p.jsonl"),
        ExamDamage("list of texts", #"["A"]"#, .wrongFile, "a string"),
    ])
    func `wrong predictions are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let table = folder.file("mmbench_dev_20230712.tsv")
        try Data(Self.table.utf8).write(to: URL(filePath: table))
        try damage.check(as: "p.jsonl") { path in _ = try scoredExam(MMBench(), path, table) }
    }

    @Test func `carriage returns and a byte order mark do no harm`() throws {
        let folder = try TemporaryFolder()
        let table = folder.file("mmbench_dev_20230712.tsv")
        let marked = [0xEF, 0xBB, 0xBF] + Array(Self.table.replacing("\n", with: "\r\n").utf8)
        try Data(marked).write(to: URL(filePath: table))
        let path = folder.file("p.jsonl")
        try Data(Array("\u{FEFF}{\"question_id\":1,\"text\":\"A\"}\r\n".utf8))
            .write(to: URL(filePath: path))
        #expect(try scoredExam(MMBench(), path, table).value("accuracy") == 1)
    }

    @Test func `a question without a picture is refused`() throws {
        let folder = try TemporaryFolder()
        let table = folder.file("mmbench_dev_20230712.tsv")
        try Data(Self.table.replacing("iVBORw0KGgo=", with: "55").utf8)
            .write(to: URL(filePath: table))
        let error = #expect(throws: EvaluationError.self) {
            _ = try MMBench().questions(try BenchmarkFiles(table))
        }
        #expect(error?.code == .wrongFile && error?.message.contains(":2") == true)
    }
}
