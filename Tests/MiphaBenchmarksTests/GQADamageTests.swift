import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct GQADamageTests {
    static let question =
        #""201":{"question":"What color?","imageId":"n1","isBalanced":true,"answer":"red","#
        + #""types":{"structural":"query","semantic":"attr","detailed":"colorQ"},"#
        + #""groups":{"global":null,"local":null},"semantic":[]}"#
    static let questions = "{\(question)}"

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "1:1"),
        ExamDamage("truncated", Self.questions.withoutLast(3), .malformedFile, ":1:"),
        ExamDamage("list", "[1]", .wrongFile, "testdev_balanced_questions.json"),
        ExamDamage("empty map", "{}", .wrongFile, "no questions"),
        ExamDamage("predictions", #"{"201":"red"}"#, .wrongFile, "201"),
        ExamDamage(
            "scene graphs", #"{"n1":{"width":4,"height":3,"objects":{}}}"#, .wrongFile,
            "question"),
        ExamDamage(
            "without types", Self.questions.replacing("types", with: "kinds"), .wrongFile, "types"),
        ExamDamage(
            "without answers", Self.questions.replacing("\"answer\":\"red\",", with: ""),
            .wrongFile,
            "no answer"),
        ExamDamage(
            "a word for isBalanced", Self.questions.replacing(":true", with: ":\"yes\""),
            .wrongFile, "isBalanced"),
        ExamDamage("twice", "{\(Self.question),\(Self.question)}", .malformedFile, "duplicate"),
        ExamDamage("Latin-1", bytes: [0x7B, 0x22, 0xE9, 0x22], .malformedFile, ["UTF-8"]),
        ExamDamage("null bytes", bytes: [0, 0], .malformedFile, [":1:1"]),
    ])
    func `wrong annotations are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let predictions = folder.file("p.json")
        try Data(#"[{"questionId":"201","prediction":"red"}]"#.utf8)
            .write(to: URL(filePath: predictions))
        try damage.check(as: "testdev_balanced_questions.json") { path in
            _ = try scoredExam(GQA(), predictions, path)
        }
    }

    @Test(arguments: [
        ExamDamage("empty", "", .malformedFile, "empty"),
        ExamDamage("truncated", #"[{"questionId":"201","#, .malformedFile, ":1:"),
        ExamDamage(
            "cut line",
            #"{"question_id":"201","text":"red"}"# + "\n" + #"{"question_id":"20"#, .malformedFile,
            ":2:"),
        ExamDamage("empty list", "[]", .mismatch, "1 of 1"),
        ExamDamage(
            "other split", #"[{"questionId":"999","prediction":"red"}]"#, .mismatch, "201",
            "another split"),
        ExamDamage(
            "two answers",
            #"[{"questionId":"201","prediction":"a"},{"questionId":"201","prediction":"b"}]"#,
            .mismatch, "element 0", "element 1"),
        ExamDamage("other keys", #"[{"id":"201","answer":"red"}]"#, .wrongFile, "id, answer"),
        ExamDamage("map", #"{"201":"red"}"#, .wrongFile, "questionId"),
        ExamDamage(
            "number as prediction", #"[{"questionId":"201","prediction":3}]"#, .wrongFile,
            "prediction"),
        ExamDamage(
            "null as text", #"{"question_id":"201","text":null}"#, .wrongFile, "\"text\"", "null"),
        ExamDamage("texts", #"["red"]"#, .wrongFile, "a string"),
    ])
    func `wrong predictions are refused`(_ damage: ExamDamage) throws {
        let folder = try TemporaryFolder()
        let annotations = folder.file("testdev_balanced_questions.json")
        try Data(Self.questions.utf8).write(to: URL(filePath: annotations))
        try damage.check(as: "p.json") { path in _ = try scoredExam(GQA(), path, annotations) }
    }

    @Test func `carriage returns and a byte order mark do no harm`() throws {
        let folder = try TemporaryFolder()
        let annotations = folder.file("testdev_balanced_questions.json")
        try Data(Self.questions.utf8).write(to: URL(filePath: annotations))
        let path = folder.file("p.jsonl")
        let line = #"{"question_id":"201","text":"Red..."}"# + "\r\n"
        try Data([0xEF, 0xBB, 0xBF] + Array((line + line).utf8)).write(to: URL(filePath: path))
        #expect(try scoredExam(GQA(), path, annotations).value("accuracy") == 100)
    }

    @Test func `choices that lack a question are refused`() throws {
        let folder = try TemporaryFolder()
        try Data(Self.questions.utf8).write(
            to: URL(filePath: folder.file("testdev_balanced_questions.json")))
        try Data("{}".utf8).write(to: URL(filePath: folder.file("testdev_balanced_choices.json")))
        let path = folder.file("p.json")
        try Data(#"[{"questionId":"201","prediction":"red"}]"#.utf8).write(to: URL(filePath: path))
        let error = #expect(throws: EvaluationError.self) {
            _ = try scoredExam(GQA(), path, folder.path)
        }
        #expect(error?.code == .mismatch)
    }
}
