import Foundation
public import MiphaBenchmarks
import MiphaFiles

/// Replies that were paid for, in an append-only file of JSON lines.
///
/// A line is `{"key", "model", "text", "prompt_tokens", "completion_tokens"}`; the key is the
/// SHA-256 of endpoint, body and run, so that any change of the request asks anew. A line that was
/// cut short when the program was killed is taken off when the file is opened.
public actor JudgeCache {
    private var replies: [String: JudgeReply] = [:]
    private let file: FileHandle?
    private let path: String

    /// Keeps replies in memory only.
    public init() {
        file = nil
        path = ""
    }

    /// Opens a file, or makes it.
    ///
    /// - Throws: `EvaluationError` when the file cannot be opened or a line of it is damaged.
    public init(path: String) throws(EvaluationError) {
        self.path = path
        var bytes: [UInt8] = []
        do throws(FileError) {
            if FileSystem.kind(path) == nil {
                try FileSystem.createFolder(FileSystem.folder(of: path))
                try AtomicFile.write([UInt8](), to: path)
            }
            bytes = try FileSystem.read(path, limit: 1 << 32)
        } catch {
            throw EvaluationError(error)
        }
        let whole = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        for (number, line) in bytes[..<whole].split(
            separator: 0x0A, omittingEmptySubsequences: false
        ).enumerated() where line.contains(where: { $0 > 0x20 }) {
            let (key, reply) = try Self.entry(Array(line), "\(path):\(number + 1)")
            replies[key] = reply
        }
        do {
            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.truncate(atOffset: UInt64(whole))
            try file.seekToEnd()
            self.file = file
        } catch {
            throw EvaluationError(.system, "cannot open \(path) for writing: \(error)")
        }
    }

    private static func entry(
        _ line: [UInt8], _ place: String
    ) throws(EvaluationError) -> (String, JudgeReply) {
        let value = try EvaluationError.wrapping { () throws(FileError) in
            try JSONValue(parsing: line, file: place)
        }
        guard let key = value["key"]?.stringValue, let text = value["text"]?.stringValue,
            let model = value["model"]?.stringValue
        else {
            throw EvaluationError(
                .malformedFile, "\(place): expected a recorded reply {key, model, text}")
        }
        let reply = JudgeReply(
            text: text, model: model, promptTokens: value["prompt_tokens"]?.integerValue,
            completionTokens: value["completion_tokens"]?.integerValue)
        return (key, reply)
    }

    /// The number of replies.
    public var count: Int { replies.count }

    /// The reply to a request that was answered before.
    public func reply(_ key: String) -> JudgeReply? { replies[key] }

    /// Keeps a reply; it is in the file when this returns.
    ///
    /// - Throws: `EvaluationError` when the file cannot be written.
    public func keep(_ reply: JudgeReply, for key: String) throws(EvaluationError) {
        replies[key] = reply
        guard let file else { return }
        var object: JSONObject = [
            "key": .string(key), "model": .string(reply.model), "text": .string(reply.text),
        ]
        object["prompt_tokens"] = reply.promptTokens.map { .integer($0) }
        object["completion_tokens"] = reply.completionTokens.map { .integer($0) }
        do {
            let line = try JSONValue.object(object).bytes(.compact) + [0x0A]
            try file.write(contentsOf: Data(line))
        } catch {
            throw EvaluationError(.system, "cannot write to \(path): \(error)")
        }
    }

    /// The key of a request to an endpoint.
    static func key(_ body: JSONValue, endpoint: String, run: Int) throws(EvaluationError) -> String
    {
        let whole: JSONValue = [
            "endpoint": .string(endpoint), "body": body, "run": .integer(run),
        ]
        do {
            return SHA256Digest(of: try whole.bytes(.compact)).hex
        } catch {
            throw EvaluationError(error)
        }
    }
}
