import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct MMMUDamageTests {
    static let answers =
        #"{"validation_Art_1":{"question_type":"multiple-choice","ground_truth":"A"},"#
        + #""validation_Math_2":{"question_type":"short-answer","ground_truth":"4"}}"#
    static let record =
        #"{"id":"validation_Art_1","question_type":"multiple-choice","all_choices":["A","B"],"#
        + #""index2ans":{"A":"x","B":"y"},"response":"B"}"#

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "empty"),
        ExamDamage("truncated", Self.answers.withoutLast(9), .malformedFile, ":1:"),
        ExamDamage("predictions", #"{"validation_Art_1":"A"}"#, .wrongFile, "answer_dict_val.json"),
        ExamDamage("list", "[]", .wrongFile, "no map"),
        ExamDamage("empty map", "{}", .wrongFile, "answer_dict_val.json"),
        ExamDamage(
            "other benchmark", #"{"q1":{"question":"?","answer":"a"}}"#, .wrongFile,
            "question, answer"),
        ExamDamage(
            "no subject", #"{"7":{"question_type":"open","ground_truth":"a"}}"#, .wrongFile,
            "subject"),
        ExamDamage(
            "number as answer",
            #"{"validation_Art_1":{"question_type":"open","ground_truth":4}}"#, .wrongFile,
            "answer_dict_val"),
        ExamDamage("not UTF-8", bytes: [0x7B, 0x22, 0xE9, 0x22, 0x7D], .malformedFile, ["UTF-8"]),
        ExamDamage(
            "twice", Self.answers.withoutLast(1) + "," + Self.answers.dropFirst(), .malformedFile,
            "duplicate"),
        ExamDamage("null bytes", bytes: [0, 0, 0, 0], .malformedFile, [":1:1"]),
    ])
    func `wrong annotations are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let predictions = folder.file("p.json")
        try Data(#"{"validation_Art_1":"A"}"#.utf8).write(to: URL(filePath: predictions))
        try damage.check(as: "answer_dict_val.json") { path in
            _ = try scoredExam(MMMU(), predictions, path)
        }
    }

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "empty"),
        ExamDamage("blank lines", " \r\n\r\n", .malformedFile, "empty"),
        ExamDamage("truncated", "[" + Self.record.withoutLast(4), .malformedFile, ":1:"),
        ExamDamage(
            "cut line", Self.record + "\n" + Self.record.withoutLast(4), .malformedFile, ":2:"),
        ExamDamage("empty list", "[]", .wrongFile, "no answers"),
        ExamDamage("unknown id", #"{"validation_Art_99":"A"}"#, .mismatch, "validation_Art_99"),
        ExamDamage("number", #"{"validation_Art_1":1}"#, .wrongFile, "a number"),
        ExamDamage(
            "two answers",
            "[" + Self.record + ","
                + Self.record.replacing(":\"B\"}", with: ":\"A\"}")
                .replacing("\"y\"},\"response\":\"B\"", with: "\"y\"},\"response\":\"A\"") + "]",
            .mismatch, "element 0", "element 1"),
        ExamDamage(
            "no options", #"[{"id":"validation_Art_1","response":"B"}]"#, .wrongFile,
            "all_choices"),
        ExamDamage(
            "options without texts",
            #"[{"id":"validation_Art_1","response":"B","all_choices":["A","B"],"index2ans":{"A":"x"}}]"#,
            .wrongFile, "index2ans"),
        ExamDamage("other keys", #"[{"id":"validation_Art_1","score":1}]"#, .wrongFile, "response"),
        ExamDamage(
            "other type", Self.record.replacing("multiple-choice", with: "open"), .mismatch,
            "multiple-choice"),
        ExamDamage("texts", #"["a","b"]"#, .wrongFile, "expected an object"),
        ExamDamage(
            "Latin-1", bytes: Array("{\"validation_Art_1\":\"".utf8) + [0xE9, 0x22, 0x7D],
            .malformedFile, ["UTF-8"]),
    ])
    func `wrong predictions are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let annotations = folder.file("answer_dict_val.json")
        try Data(Self.answers.utf8).write(to: URL(filePath: annotations))
        try damage.check(as: "p.json") { path in _ = try scoredExam(MMMU(), path, annotations) }
    }

    @Test func `carriage returns and a byte order mark do no harm`() throws {
        let folder = try TemporaryFolder()
        let annotations = folder.file("answer_dict_val.json")
        try Data(Self.answers.utf8).write(to: URL(filePath: annotations))
        let path = folder.file("p.jsonl")
        let lines =
            Self.record + "\r\n"
            + #"{"id":"validation_Math_2","question_type":"short-answer","response":"4"}"# + "\r\n"
        try Data([0xEF, 0xBB, 0xBF] + Array(lines.utf8)).write(to: URL(filePath: path))
        let result = try scoredExam(MMMU(), path, annotations)
        #expect(result.rightIDs == ["validation_Math_2"])
    }

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "empty"),
        ExamDamage("other keys", #"[{"a":1}]"#, .wrongFile, "question_type"),
        ExamDamage("no object", "[1]", .wrongFile, "a number"),
        ExamDamage(
            "options as a broken list",
            #"[{"id":"a_Art_1","question":"?","question_type":"multiple-choice","options":"['x"}]"#,
            .wrongFile, "options"),
        ExamDamage(
            "twice",
            #"[{"id":"a_Art_1","question":"?","question_type":"open"},{"id":"a_Art_1","question":"?","question_type":"open"}]"#,
            .malformedFile, "twice"),
        ExamDamage(
            "picture as a number",
            #"[{"id":"a_Art_1","question":"?","question_type":"open","image_1":7}]"#, .wrongFile,
            "image file"),
    ])
    func `wrong question files are refused`(_ damage: ExamDamage) throws {
        try damage.check(as: "mmmu_val.jsonl") { path in
            _ = try MMMU().questions(try BenchmarkFiles(path))
        }
    }
}
