public import MiphaFiles

/// Typed access to a JSON object whose errors name file, key path, expected and found.
///
/// ```swift
/// let config = try ConfigReader(contentsOf: folder + "/config.json")
/// let width = try config.int("hidden_size")
/// let heads = try config.int("num_key_value_heads", default: 32)
/// let tower = try config.object("vision_config").object("vision_tower")
/// let activation = try tower.enumValue("hidden_act", of: Activation.self)
/// ```
///
/// A key whose value is `null` counts as absent, as in Hugging Face configs.
public struct ConfigReader: Sendable {
    /// The name of the file in messages.
    public let file: String
    /// The keys that lead here from the top of the file, joined by dots; empty at the top.
    public let path: String
    /// The object that is read.
    public let object: JSONObject

    /// Wraps an object.
    ///
    /// - Throws: `CheckpointError` when the value is not an object.
    public init(file: String, value: JSONValue) throws(CheckpointError) {
        try self.init(file: file, path: "", value: value)
    }

    /// Reads a JSON file that holds an object.
    ///
    /// - Throws: `CheckpointError` when the file cannot be read, is not JSON or not an object.
    public init(contentsOf path: String) throws(CheckpointError) {
        let value = try CheckpointError.converting { () throws(FileError) in
            try JSONValue(
                parsingForeign: FileSystem.read(path, limit: 1 << 28), file: path)
        }
        try self.init(file: path, path: "", value: value)
    }

    private init(file: String, path: String, value: JSONValue) throws(CheckpointError) {
        guard case .object(let object) = value else {
            let place = path.isEmpty ? "" : " \(path):"
            throw CheckpointError(
                .invalidConfig, "\(file):\(place) expected an object, found \(value.summary)")
        }
        self.file = file
        self.path = path
        self.object = object
    }

    /// The keys in file order.
    public var keys: [String] { object.keys }

    /// The value of a key; nil when absent or `null`.
    public func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// Whether the key is there and not `null`.
    public func has(_ key: String) -> Bool { value(key) != nil }

    /// The first of several spellings of a key that is present, or else the first spelling.
    ///
    /// For keys that were renamed over time: `config.int(config.spelling("dtype", "torch_dtype"))`.
    public func spelling(_ key: String, _ others: String...) -> String {
        has(key) ? key : others.first { has($0) } ?? key
    }

    /// The key path from the top of the file.
    public func path(of key: String) -> String {
        path.isEmpty ? key : path + "." + key
    }

    /// An error about the value of a key, for checks that go beyond its kind.
    ///
    /// - Parameters:
    ///   - key: the key, which may be absent.
    ///   - expected: what would be right, such as "a multiple of num_attention_heads (32)".
    public func failure(_ key: String, expected: String) -> CheckpointError {
        let found = object[key]?.summary ?? "no such key"
        return CheckpointError(
            .invalidConfig, "\(file): \(path(of: key)): expected \(expected), found \(found)")
    }

    /// Refuses keys outside `known`, naming the nearest known one.
    ///
    /// For this program's own files, where a misspelt key must not pass unnoticed.
    public func refuseUnknownKeys(known: [String]) throws(CheckpointError) {
        for key in keys where !known.contains(where: { $0.hasSameBytes(as: key) }) {
            let near = known.map { (name: $0, distance: key.editDistance(to: $0)) }
                .min { $0.distance < $1.distance }
            var hint = "; known keys: " + known.joined(separator: ", ")
            if let near, near.distance <= max(2, key.count / 3) {
                hint = "; did you mean \(near.name)?"
            }
            throw CheckpointError(
                .invalidConfig,
                "\(file): unknown key \(path(of: key.nameInMessages))\(hint)")
        }
    }

    /// The object under a key.
    ///
    /// - Throws: `CheckpointError` when absent or not an object.
    public func object(_ key: String) throws(CheckpointError) -> ConfigReader {
        guard let value = value(key) else { throw failure(key, expected: "an object") }
        return try ConfigReader(file: file, path: path(of: key), value: value)
    }

    /// The object under a key, or nil when absent.
    ///
    /// - Throws: `CheckpointError` when the value is not an object.
    public func optionalObject(_ key: String) throws(CheckpointError) -> ConfigReader? {
        has(key) ? try object(key) : nil
    }

    /// The objects of the array under a key.
    ///
    /// - Throws: `CheckpointError` when absent or not an array of objects.
    public func objects(_ key: String) throws(CheckpointError) -> [ConfigReader] {
        guard case .array(let elements) = value(key) else {
            throw failure(key, expected: "an array of objects")
        }
        var readers: [ConfigReader] = []
        for (position, element) in elements.enumerated() {
            readers.append(
                try ConfigReader(file: file, path: "\(path(of: key))[\(position)]", value: element))
        }
        return readers
    }
}

extension String {
    /// The name of a key; one with characters that keys do not have, which may look like others,
    /// comes in quotation marks with the first of them by its number.
    fileprivate var nameInMessages: String {
        let odd = unicodeScalars.enumerated().first { _, scalar in
            !scalar.isASCII
                || !(scalar.properties.isAlphabetic
                    || "0123456789_-.".unicodeScalars.contains(scalar))
        }
        guard let (place, scalar) = odd else { return self }
        return "\(quoted) (character \(place + 1) is \(scalar.codePoint))"
    }

    /// The number of insertions, deletions and replacements between two words.
    fileprivate func editDistance(to other: String) -> Int {
        let target = Array(other.utf8)
        var row = Array(0...target.count)
        for (line, byte) in utf8.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in target.indices {
                let replaced = diagonal + (byte == target[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[target.count]
    }
}
