import Foundation
import MiphaFiles
import MiphaTestSupport
import Testing

/// The JSON files under Fixtures/checkpoints.
enum Fixture {
    static func path(_ name: String) -> String { PackagePaths.fixture("checkpoints/\(name)") }

    static func bytes(_ name: String) throws -> [UInt8] {
        try MiphaFilesTests.bytes(of: path(name))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }
}

func bytes(of path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
}

func names(in folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
}

@discardableResult
func write(_ bytes: [UInt8], _ name: String, in folder: TemporaryFolder) throws -> String {
    try Data(bytes).write(to: URL(filePath: folder.file(name)))
    return folder.file(name)
}

@discardableResult
func write(_ text: String, _ name: String, in folder: TemporaryFolder) throws -> String {
    try write(Array(text.utf8), name, in: folder)
}

/// The error that `body` throws; a failure of the test when it throws none.
func fileError(
    _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> FileError {
    do {
        try body()
        Issue.record("no error: \(what)", sourceLocation: sourceLocation)
    } catch let error as FileError {
        return error
    } catch {
        Issue.record("unexpected error \(error): \(what)", sourceLocation: sourceLocation)
    }
    return FileError(.system, "")
}

/// All values of a text, with their keys.
func values(
    _ text: String, _ shape: JSONElements.Shape, leniency: JSONLeniency = .strict,
    window: Int = 1 << 20
) throws -> [JSONValue] {
    try values(Array(text.utf8), shape, leniency: leniency, window: window)
}

func values(
    _ bytes: [UInt8], _ shape: JSONElements.Shape, leniency: JSONLeniency = .strict,
    window: Int = 1 << 20
) throws -> [JSONValue] {
    let elements = JSONElements(
        bytes, file: "f", shape: shape, leniency: leniency, bufferSize: window)
    var result: [JSONValue] = []
    try elements.forEach { cursor in
        #expect(cursor.index == result.count)
        let value = try cursor.value()
        result.append(cursor.key.map { [.string($0), value] } ?? value)
    }
    #expect(try elements.next() == nil)
    return result
}

/// A JSON text of random values in a random layout, and the value.
struct RandomJSON {
    var generator: SplitMix64

    mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth > 3 ? 6 : 8), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int.random(in: -1000...1000, using: &generator))
        case 3: return .double(Double.random(in: -1e3...1e3, using: &generator))
        case 4, 5: return .string(string())
        case 6:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in value(depth: depth + 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                object[string()] = value(depth: depth + 1)
            }
            return .object(object)
        }
    }

    mutating func string() -> String {
        let parts = [
            "a", "bc", "\"", "\\", "/", "\n", "\u{0}", "é", "東", "😀", "{", "}", "[", "]", ",",
            ":", " ", "answer_confidence", "e\u{301}", "\u{2028}", "\u{7F}",
        ]
        let count = Int.random(in: 0...6, using: &generator)
        return (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
    }

    mutating func style() -> JSONStyle {
        JSONStyle(
            indentation: Bool.random(using: &generator) ? 2 : nil,
            escapesNonASCII: Bool.random(using: &generator))
    }
}
