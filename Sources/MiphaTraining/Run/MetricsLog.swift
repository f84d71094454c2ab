import Foundation
import MiphaFiles

/// The metrics file of a run, one JSON object per line, flushed line by line.
final class MetricsLog {
    private let handle: FileHandle

    /// Opens the file and drops the lines of updates that a resumed run does again.
    init(path: String, resumingAt step: Int) throws {
        let files = FileManager.default
        let old = files.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let kept = old.split(separator: "\n").filter { line in
            guard let value = try? JSONValue(parsing: String(line)),
                let done = value["step"]?.integerValue
            else { return false }
            return done <= step
        }
        try AtomicFile.write(kept.map { $0 + "\n" }.joined(), to: path)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw TrainingError(.failed, "\(path): cannot be written")
        }
        try handle.seekToEnd()
        self.handle = handle
    }

    func append(_ progress: TrainingProgress) throws {
        let line: JSONObject = [
            "step": .integer(progress.step), "epoch": .double(progress.epoch),
            "loss": .double(progress.loss), "learning_rate": .double(progress.learningRate),
            "grad_norm": .double(progress.gradientNorm),
            "supervised_tokens": .integer(progress.supervisedTokens),
            "tokens": .integer(progress.tokens), "seconds": .double(progress.seconds),
            "tokens_per_second": .double(progress.tokensPerSecond),
        ]
        let text = try JSONValue.object(line).text(.compact) + "\n"
        try handle.write(contentsOf: Data(text.utf8))
    }
}
