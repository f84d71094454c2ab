import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// `mipha eval` that is killed or stopped, and goes on.
@Suite(.enabled(if: MiphaProcess.executable != nil), .serialized)
struct EvalInterruptionCommandTests {
    private let fixture: EvalFixture
    private let data: String
    private let total = EvalFixture.pictures * EvalFixture.questionsPerPicture
    private let slow = ["--one-by-one"]

    init() throws {
        fixture = try EvalFixture()
        data = try fixture.questions(total)
    }

    private func whole() throws -> Data {
        let whole = fixture.file("whole")
        _ = try fixture.evaluate(data, whole, slow)
        return try fixture.bytes("\(whole)/custom/predictions.jsonl")
    }

    /// Goes on with an evaluation, and looks at what it ends with.
    private func finish(_ output: String, _ expected: Data, _ what: String) throws {
        _ = try fixture.evaluate(data, output, slow + ["--resume"])
        #expect(try fixture.bytes("\(output)/custom/predictions.jsonl") == expected, "\(what)")
        let log = try String(contentsOfFile: "\(output)/custom/answers.jsonl", encoding: .utf8)
        let keys = try log.split(separator: "\n").map { try JSONValue(parsing: String($0))["key"] }
        #expect(keys.count == total, "\(what)")
        #expect(Set(keys.compactMap { $0?.stringValue }).count == keys.count, "\(what)")
        try FileManager.default.removeItem(atPath: output)
    }

    @Test func `killed evaluations end with the predictions of an undisturbed one`() throws {
        let expected = try whole()
        var generator = SplitMix64(seed: 11)
        var middle = 0
        for trial in 0..<20 {
            let output = fixture.file("killed-\(trial)")
            let arguments = fixture.arguments(data, output, slow + ["--resume"])
            for kill in 0..<2 {
                let before = fixture.loggedCount(output)
                let share = Int.random(in: 1...(total / 3), using: &generator)
                let status = try fixture.interrupt(
                    arguments, output, by: SIGKILL, at: before + share)
                let count = fixture.loggedCount(output)
                #expect(count >= before, "trial \(trial), kill \(kill)")
                if status == 128 + SIGKILL, count > before, count < total { middle += 1 }
            }
            try finish(output, expected, "trial \(trial)")
        }
        // Of 40 kills nearly all land between first and last answer, on a busy machine fewer.
        #expect(middle >= 10, "\(middle)")
    }

    @Test func `an interrupt ends with status 130 and loses nothing`() throws {
        let expected = try whole()
        let output = fixture.file("stopped")
        let status = try fixture.interrupt(
            fixture.arguments(data, output, slow), output, by: SIGINT, at: 10)
        #expect(status == 130)
        let count = fixture.loggedCount(output)
        #expect((10..<total).contains(count), "\(count)")
        let lines = try fixture.bytes("\(output)/custom/predictions.jsonl").count { $0 == 0x0A }
        #expect(lines == count)
        try finish(output, expected, "stopped")
    }
}
