import Dispatch
import Foundation
import MiphaFiles
import Synchronization

/// Metrics, incidents and TensorBoard events of a run, written on a thread of their own.
///
/// Training never waits for the files and never ends because of them: what cannot be written is
/// dropped and counted.
final class RunLog: Sendable {
    private struct Files {
        var metrics: LogFile?
        var incidents: LogFile?
        var events: LogFile?
        var samples: LogFile?
        var failure: String?
        var dropped = 0
        var waiting = 0
    }

    /// Most pieces that wait to be written before new ones are dropped.
    private static let limit = 10_000

    private let queue = DispatchQueue(label: "mipha.run-log", qos: .utility)
    private let files: Mutex<Files>

    /// Opens the files of a run's folder and drops what updates beyond `step` left there.
    ///
    /// - Parameter samples: whether there is a file of answers to sample questions.
    init(folder: String, resumingAt step: Int, tensorBoard: Bool, samples: Bool = false) {
        files = Mutex(Files())
        files.withLock { files in
            func open(_ make: () throws -> LogFile) -> LogFile? {
                do {
                    return try make()
                } catch {
                    files.failure = files.failure ?? "\(error)"
                    return nil
                }
            }
            files.metrics = open {
                try LogFile.lines(path: "\(folder)/metrics.jsonl", resumingAt: step)
            }
            files.incidents = open {
                try LogFile.lines(path: "\(folder)/incidents.jsonl", resumingAt: step)
            }
            if samples {
                files.samples = open {
                    try LogFile.lines(path: "\(folder)/samples.jsonl", resumingAt: step)
                }
            }
            if tensorBoard {
                files.events = open { try LogFile(path: Self.eventPath(in: folder)) }
            }
        }
        if tensorBoard {
            event(.version, step: 0)
            event(.start, step: step + 1)
        }
    }

    /// Adds a line to `metrics.jsonl`.
    func metrics(_ line: JSONObject) { write(\.metrics) { try Self.line(line) } }

    /// Adds a line to `incidents.jsonl`.
    func incident(_ incident: Incident) { write(\.incidents) { try Self.line(incident.json) } }

    /// Adds a line to `samples.jsonl`.
    func sample(_ line: JSONObject) { write(\.samples) { try Self.line(line) } }

    /// Adds a text to the event file.
    func text(_ text: TensorBoardEvent.Text, step: Int) { event(.text(text), step: step) }

    /// Adds numbers to the event file.
    func scalars(_ scalars: [TensorBoardEvent.Scalar], step: Int) {
        event(.scalars(scalars), step: step)
    }

    /// Waits until everything is on the disk, or was dropped.
    func drain() {
        queue.sync {
            files.withLock { files in
                for file in [files.metrics, files.incidents, files.events, files.samples] {
                    try? file?.flush()
                }
            }
        }
    }

    /// The first failure and the number of lines dropped, if any.
    var failure: String? {
        files.withLock { files in
            files.failure.map { "\($0) (\(files.dropped) records were not written)" }
        }
    }

    private func event(_ content: TensorBoardEvent.Content, step: Int) {
        let event = TensorBoardEvent(
            time: Date.now.timeIntervalSince1970, step: step, content: content)
        write(\.events) { event.record }
    }

    private func write(
        _ file: any WritableKeyPath<Files, LogFile?> & Sendable,
        _ bytes: @escaping @Sendable () throws -> [UInt8]
    ) {
        let accepts = files.withLock { files in
            guard files[keyPath: file] != nil, files.waiting < Self.limit else {
                files.dropped += 1
                return false
            }
            files.waiting += 1
            return true
        }
        guard accepts else { return }
        queue.async { [self] in
            // Taken out, so that a slow disk never holds the lock that training takes above.
            guard var open = files.withLock({ $0[keyPath: file] }) else { return }
            let failure: String?
            do {
                try open.append(bytes())
                failure = nil
            } catch {
                failure = "\(error)"
            }
            let written = open
            files.withLock { files in
                files[keyPath: file] = written
                files.waiting -= 1
                if let failure {
                    files.failure = files.failure ?? failure
                    files.dropped += 1
                }
            }
        }
    }

    private static func line(_ object: JSONObject) throws -> [UInt8] {
        try JSONValue.object(object).bytes(.compact) + [UInt8(ascii: "\n")]
    }

    /// A name that sorts after those of earlier starts.
    private static func eventPath(in folder: String) -> String {
        let prefix = "events.out.tfevents."
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let used = names.compactMap { name -> Int? in
            guard name.hasPrefix(prefix) else { return nil }
            return Int(name.dropFirst(prefix.count).prefix { $0 != "." })
        }
        let now = Int(Date.now.timeIntervalSince1970)
        return "\(folder)/\(prefix)\(max(now, (used.max() ?? 0) + 1)).mipha"
    }
}
