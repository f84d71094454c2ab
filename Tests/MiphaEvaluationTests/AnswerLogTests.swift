import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaTestSupport
import Testing

/// What an answer log drops, what it refuses, and that it never harms a file.
struct AnswerLogTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("answers.jsonl")
    }

    private func answer(_ number: Int) -> LoggedAnswer {
        LoggedAnswer(
            key: "key \(number)", id: QuestionID(number), text: "answer \(number)", tokens: 2,
            finishReason: "stop")
    }

    /// The lines of a log of some answers, without line ends.
    private func lines(_ count: Int) throws -> [String] {
        let other = folder.file("other.jsonl")
        let log = try AnswerLog(path: other)
        for number in 0..<count { try log.append(answer(number)) }
        return try String(contentsOfFile: other, encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    private func bytes() throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test func `an answer that was cut off anywhere is dropped`() throws {
        let lines = try lines(2)
        for length in 0...lines[1].utf8.count {
            try write(lines[0] + "\n" + String(lines[1].prefix(length)))
            let log = try AnswerLog(path: path)
            #expect(log.count == 1, "cut at \(length)")
            try log.append(answer(1))
            #expect(try AnswerLog.answers(in: path).count == 2)
        }
    }

    @Test(arguments: [
        #"{"question_id": 1, "text": "x"}"#, #"{"key":"k","text":"x"}"#, "hello", "\0\0\0", "[1]",
    ])
    func `an end that is not a beginning of an answer is refused and stays`(tail: String) throws {
        try write(try lines(1)[0] + "\n" + tail)
        let before = try bytes()
        let error = #expect(throws: EvaluationError.self) { try AnswerLog(path: path) }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("answers.jsonl:2") == true, "\(String(describing: error))")
        #expect(try bytes() == before)
    }

    @Test(arguments: [#"{"key":"k","que"#, "\u{1}\u{2}", "", #"{"question_id": 4}"#])
    func `a damaged line in the middle is named and nothing is cut off`(line: String) throws {
        let good = try lines(3)
        try write([good[0], line, good[1], good[2]].joined(separator: "\n") + "\n")
        let before = try bytes()
        let error = #expect(throws: EvaluationError.self) { try AnswerLog(path: path) }
        #expect(error?.message.contains("answers.jsonl:2") == true, "\(String(describing: error))")
        #expect(error?.message.contains("\n") == false)
        #expect(try bytes() == before)
    }
}
