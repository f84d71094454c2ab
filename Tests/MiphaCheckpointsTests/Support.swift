import Foundation
import MiphaCheckpoints
import Testing

/// The files under Fixtures/checkpoints.
enum Fixture {
    static let folder: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.appendingPathComponent("Fixtures/checkpoints").path
    }()

    static func path(_ name: String) -> String { folder + "/" + name }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }
}

/// A folder that goes away with the test.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "mipha-checkpoints-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    func write(_ text: String, _ name: String) throws -> String {
        try write(Array(text.utf8), name)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// The error that `body` throws; a failure of the test when it throws none.
func checkpointError(
    _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> CheckpointError {
    do {
        try body()
        Issue.record("no error: \(what)", sourceLocation: sourceLocation)
    } catch let error as CheckpointError {
        return error
    } catch {
        Issue.record("unexpected error \(error): \(what)", sourceLocation: sourceLocation)
    }
    return CheckpointError(.system, "")
}

/// A safetensors file from a header text and bytes of data.
func safetensors(_ header: String, data: Int) -> [UInt8] {
    safetensors(Array(header.utf8), data: data)
}

func safetensors(_ header: [UInt8], data: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header
        + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}
