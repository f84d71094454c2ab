import Foundation
public import MiphaBenchmarks
import MiphaFiles
import Synchronization

/// The answers of a run, written one by one as they come.
///
/// Each answer is one line that goes to the system in one piece before the next is asked for, so
/// that a killed process loses no complete answer; an answer that a kill cut off at the end is
/// dropped when the log is opened again. Anything else that is not an answer is an error, and the
/// file stays as it is. One process at a time writes a log.
public final class AnswerLog: Sendable {
    private struct State {
        let handle: FileHandle
        var answers: [String: LoggedAnswer]
        /// A line may be incomplete: nothing may follow it.
        var isBroken = false
    }

    /// The file.
    public let path: String
    private let lock: FileLock
    private let state: Mutex<State>

    /// Opens a log, creating it if necessary.
    ///
    /// - Throws: `EvaluationError` when the file cannot be read or written, holds foreign lines, or
    ///   another process writes it.
    public init(path: String) throws(EvaluationError) {
        self.path = path
        do {
            guard let lock = try FileLock(path: path) else {
                throw EvaluationError(
                    .invalidRequest,
                    "\(path): another evaluation is writing here; wait for it, or take another "
                        + "--output")
            }
            let handle = try FileHandle(forUpdating: URL(filePath: path))
            let (answers, length) = try Self.read(try handle.readToEnd() ?? Data(), path)
            try handle.truncate(atOffset: UInt64(length))
            try handle.seek(toOffset: UInt64(length))
            state = Mutex(State(handle: handle, answers: answers))
            self.lock = lock
        } catch let error as EvaluationError {
            throw error
        } catch {
            throw EvaluationError(.system, "\(path): the log cannot be opened: \(error)")
        }
    }

    /// Reads a log that is not being written.
    ///
    /// - Throws: `EvaluationError`.
    public static func answers(in path: String) throws(EvaluationError) -> [LoggedAnswer] {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.read(path, limit: 1 << 34)
        } catch {
            throw EvaluationError(error)
        }
        return Array(try read(Data(bytes), path).answers.values)
    }

    /// The answers, and the length of the complete lines that hold them.
    private static func read(
        _ data: Data, _ path: String
    ) throws(EvaluationError) -> (answers: [String: LoggedAnswer], length: Int) {
        var answers: [String: LoggedAnswer] = [:]
        var start = data.startIndex
        var number = 0
        while let end = data[start...].firstIndex(of: 0x0A) {
            number += 1
            let place = "\(path):\(number)"
            let value: JSONValue
            do {
                value = try JSONValue(parsing: Array(data[start..<end]), file: place)
            } catch {
                throw EvaluationError(
                    .malformedFile,
                    "line \(number) of the log is damaged: \(error.message); without this line its "
                        + "question is asked again")
            }
            guard let answer = LoggedAnswer(value) else {
                throw foreign(place)
            }
            answers[answer.key] = answer
            start = data.index(after: end)
        }
        guard isCutAnswer(data[start...]) else { throw foreign("\(path):\(number + 1)") }
        return (answers, start - data.startIndex)
    }

    /// Whether bytes without a line end are nothing or the beginning of an answer.
    private static func isCutAnswer(_ bytes: Data) -> Bool {
        let opening = Data(LoggedAnswer.opening.utf8)
        guard bytes.starts(with: opening) || opening.starts(with: bytes) else { return false }
        guard let value = try? JSONValue(parsing: Array(bytes), file: "") else { return true }
        return LoggedAnswer(value) != nil
    }

    private static func foreign(_ place: String) -> EvaluationError {
        EvaluationError(
            .malformedFile,
            "\(place): expected an answer with key and text; this file was not written by an "
                + "evaluation")
    }

    /// The answer of a question, if it was given before.
    public func answer(_ key: String) -> LoggedAnswer? {
        state.withLock { $0.answers[key] }
    }

    /// Number of answers.
    public var count: Int { state.withLock { $0.answers.count } }

    /// Writes an answer; one that is there already is not written again.
    ///
    /// - Throws: `EvaluationError` when the disk is full.
    public func append(_ answer: LoggedAnswer) throws(EvaluationError) {
        do {
            let line = try answer.json.text(.compact) + "\n"
            try state.withLock { state in
                guard state.answers[answer.key] == nil, !state.isBroken else { return }
                state.isBroken = true
                try state.handle.write(contentsOf: Data(line.utf8))
                state.isBroken = false
                state.answers[answer.key] = answer
            }
        } catch {
            throw EvaluationError(.system, "\(path): an answer cannot be written: \(error)")
        }
    }
}
