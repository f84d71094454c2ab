import Foundation
import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

/// Files of a benchmark with a fault, and what must come of it.
struct DamagedFiles: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// An error of a kind whose message holds all words.
        case error(EvaluationError.Code, [String])
        /// The first figure, and a note with the words unless they are empty.
        case value(Double, note: String)
    }

    let name: String
    /// What is changed: a file's name to its new bytes, or nil to take it away.
    let changes: [String: [UInt8]?]
    let outcome: Outcome

    var testDescription: String { name }

    /// A change to an error.
    init(
        _ name: String, _ changes: [String: String?], _ code: EvaluationError.Code,
        _ words: String...
    ) {
        self.name = name
        self.changes = changes.mapValues { $0.map { Array($0.utf8) } }
        outcome = .error(code, words)
    }

    /// A change that the documented policy takes.
    init(_ name: String, _ changes: [String: String?], value: Double, note: String = "") {
        self.name = name
        self.changes = changes.mapValues { $0.map { Array($0.utf8) } }
        outcome = .value(value, note: note)
    }

    /// A change to bytes that are not text.
    init(
        _ name: String, _ file: String, bytes: [UInt8], _ code: EvaluationError.Code,
        _ words: String...
    ) {
        self.name = name
        changes = [file: bytes]
        outcome = .error(code, words)
    }

    /// Writes the sound files with the change, scores `answers` and compares.
    func check(
        _ benchmark: any Benchmark, _ sound: [String: String], answers: String,
        annotations: String = ""
    ) throws {
        let folder = try TemporaryFolder()
        var files = sound.mapValues { Array($0.utf8) }
        for (name, bytes) in changes { files[name] = bytes }
        for (name, bytes) in files { try folder.write(name, bytes) }
        var recorder = ScoreRecorder(keepsItems: true)
        do {
            let target = annotations.isEmpty ? folder.path : folder.file(annotations)
            try benchmark.score(
                Predictions(folder.file(answers)), against: BenchmarkFiles(target),
                variant: benchmark.card.variant(nil), into: &recorder)
        } catch {
            guard case .error(let code, let words) = outcome else {
                Issue.record("unexpected error: \(error)")
                return
            }
            let missing = words.filter { !error.message.contains($0) }
            #expect(error.code == code, "\(error)")
            #expect(missing == [], "\(error)")
            return
        }
        guard case .value(let value, let note) = outcome else {
            Issue.record("no error, but \(recorder.figures[0].value)")
            return
        }
        #expect(recorder.figures[0].value == value)
        let isNoted = note.isEmpty || recorder.notes.contains { $0.contains(note) }
        #expect(isNoted, "\(recorder.notes)")
    }
}
