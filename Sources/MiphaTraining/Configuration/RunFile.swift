import Foundation
import MiphaCheckpoints
import MiphaFiles
import Yams

/// A YAML run file, and settings of the command line that win over it.
struct RunFile {
    private let path: String
    private var object: JSONObject

    /// Reads a file.
    ///
    /// - Throws: `TrainingError` when it is not there or is not YAML with keys and values.
    init(contentsOf path: String) throws {
        if FileSystem.kind(path) == .folder {
            let own = FileSystem.join(path, "resolved.yaml")
            throw TrainingError(
                .invalidRun,
                "\(path): expected a run file, found a folder"
                    + (FileSystem.kind(own) == .file ? "; name \(own) in it" : ""))
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError(.invalidRun, "\(path): no such run file")
        }
        self.path = path
        object = try Self.parse(RunFileText.decode(Array(data), file: path), name: path)
    }

    /// The values by key.
    var reader: ConfigReader { get throws { try ConfigReader(file: path, value: .object(object)) } }

    /// Changes a value.
    ///
    /// - Parameter setting: `key=value`, where the value is YAML and the key may lead into objects, as in
    ///   `tune.tower`.
    mutating func set(_ setting: String) throws {
        let parts = setting.split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let keys = (parts.first ?? "").split(
            separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, !keys.contains(where: \.isEmpty) else {
            throw TrainingError(
                .invalidRun, "--set \(setting): expected key=value, such as learning_rate=1e-4")
        }
        guard Self.set(try Self.value(parts[1], of: setting), at: keys[...], in: &object) else {
            throw TrainingError(
                .invalidRun,
                "--set \(setting): expected an object at \(keys.dropLast().joined(separator: "."))"
                    + ", found another value")
        }
    }

    /// Sets a value of an object, or of the objects in it that the keys lead through.
    ///
    /// - Returns: false when a value on the way is not an object.
    private static func set(
        _ value: JSONValue, at keys: ArraySlice<Substring>, in object: inout JSONObject
    ) -> Bool {
        guard let first = keys.first.map(String.init) else { return false }
        guard keys.count > 1 else {
            object[first] = value
            return true
        }
        var inner: JSONObject
        switch object[first] ?? .null {
        case .object(let found): inner = found
        case .null: inner = [:]
        default: return false
        }
        guard set(value, at: keys.dropFirst(), in: &inner) else { return false }
        object[first] = .object(inner)
        return true
    }

    /// The value of a setting `key=value`.
    private static func value(_ text: Substring, of setting: String) throws -> JSONValue {
        let name = "--set \(setting)"
        let isQuoted = text.first == "\"" || text.first == "'"
        if text.contains(where: \.isNewline) || !isQuoted && text.contains(" #") {
            throw TrainingError(
                .invalidRun,
                "--set \(String(setting).quoted): expected a value in one line and without a comment; "
                    + "put one with \" #\" into quotation marks")
        }
        return try parse("value: \(text)", name: name)["value"] ?? .null
    }

    /// The most values of a run file, each counted as often as aliases repeat it.
    private static let maximumValues = 100_000

    private static func parse(_ text: String, name: String) throws -> JSONObject {
        var room = maximumValues
        do {
            guard let node = try Yams.compose(yaml: text),
                let value = JSONValue(yaml: node, room: &room), case .object(let object) = value
            else {
                guard room >= 0 else {
                    throw TrainingError(
                        .invalidRun,
                        "\(name): expected at most \(maximumValues) values, aliases such as *name "
                            + "expanded, found more; write the values that are meant without aliases"
                    )
                }
                throw TrainingError(
                    .invalidRun,
                    "\(name): expected YAML with `key: value` lines\(RunFileText.hint(text))")
            }
            return object
        } catch let error as YamlError {
            let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw TrainingError(.invalidRun, "\(name): not YAML: \(line)\(RunFileText.hint(text))")
        }
    }
}
