import Foundation
import MiphaFiles

/// A file that grows by whole pieces: a piece that cannot be written is cut off again.
struct LogFile {
    private let handle: FileHandle
    private var end: UInt64

    /// Opens a file for writing at its end; it is made when absent.
    init(path: String) throws {
        if FileSystem.kind(path) == nil { try AtomicFile.write("", to: path) }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw TrainingError(.failed, "\(path): cannot be written")
        }
        self.handle = handle
        end = try handle.seekToEnd()
    }

    mutating func append(_ bytes: [UInt8]) throws {
        do {
            try handle.write(contentsOf: Data(bytes))
            end += UInt64(bytes.count)
        } catch {
            try? handle.truncate(atOffset: end)
            throw error
        }
    }

    /// Waits until the bytes are on the disk.
    func flush() throws { try handle.synchronize() }

    /// Opens a file of JSON lines and drops the lines of updates beyond `step`, and broken ones.
    static func lines(path: String, resumingAt step: Int) throws -> LogFile {
        let old =
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
            ?? ""
        let kept = old.split(separator: "\n").filter { line in
            guard let value = try? JSONValue(parsing: String(line)),
                let done = value["step"]?.integerValue
            else { return false }
            return done <= step
        }
        let text = kept.map { $0 + "\n" }.joined()
        if text != old { try AtomicFile.write(text, to: path) }
        return try LogFile(path: path)
    }
}
