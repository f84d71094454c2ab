/// A parsed JSON value; object members keep their order.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// The name of the JSON type, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    var isNull: Bool { self == .null }
}

/// One key and value of a JSON object.
struct JSONMember: Sendable, Equatable {
    let key: String
    let value: JSONValue
}

/// A JSON value together with the file and key path it was found at.
struct JSONNode: Sendable {
    let value: JSONValue
    let file: String
    let path: String

    /// An error about this place: `file: key `path`: problem`.
    func error(_ code: TokenizerError.Code = .value, _ problem: String) -> TokenizerError {
        let place = path.isEmpty ? "the top level" : "key `\(path)`"
        return TokenizerError(code, "\(file): \(place): \(problem)")
    }

    /// The member `key`, or nil when it is absent or null.
    func member(_ key: String) throws(TokenizerError) -> JSONNode? {
        for member in try members() where member.key == key {
            return member.value.isNull ? nil : child(key, member.value)
        }
        return nil
    }

    /// The member `key`, which must be there and not null.
    func required(_ key: String) throws(TokenizerError) -> JSONNode {
        guard let found = try member(key) else {
            throw child(key, .null).error(.value, "is required, but missing or null")
        }
        return found
    }

    func child(_ key: String, _ value: JSONValue) -> JSONNode {
        JSONNode(value: value, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    func members() throws(TokenizerError) -> [JSONMember] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members
    }

    func elements() throws(TokenizerError) -> [JSONNode] {
        let values = try array()
        var nodes: [JSONNode] = []
        nodes.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            nodes.append(JSONNode(value: value, file: file, path: "\(path)[\(index)]"))
        }
        return nodes
    }

    func array() throws(TokenizerError) -> [JSONValue] {
        guard case .array(let values) = value else { throw mismatch("an array") }
        return values
    }

    func string() throws(TokenizerError) -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    func bool() throws(TokenizerError) -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("a boolean") }
        return flag
    }

    func integer() throws(TokenizerError) -> Int {
        guard case .integer(let number) = value else { throw mismatch("an integer") }
        return number
    }

    /// A boolean member with a default for an absent one.
    func flag(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool {
        guard let node = try member(key) else { return fallback }
        return try node.bool()
    }

    /// Throws for the first member whose key is not in `known`.
    func allow(only known: [String]) throws(TokenizerError) {
        for member in try members() where !known.contains(member.key) {
            throw child(member.key, member.value).error(
                .unsupported, "is not supported here; known keys: \(known.joined(separator: ", "))")
        }
    }

    private func mismatch(_ expected: String) -> TokenizerError {
        error(.value, "expected \(expected), found \(value.kind)")
    }
}
