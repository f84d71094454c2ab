import MiphaFiles

/// A JSON value together with the file and key path it was found at.
struct JSONNode: Sendable {
    let value: JSONValue
    let file: String
    let path: String

    /// Parses a whole file; a byte order mark in front is skipped.
    ///
    /// - Throws: `TokenizerError` naming `file` and the byte of the first defect.
    static func parse(_ bytes: [UInt8], file: String) throws(TokenizerError) -> JSONNode {
        if let bad = UTF8Text.firstInvalidByte(bytes.span) {
            let message = FileSignature.message(bytes, file, expected: "JSON in UTF-8")
            throw TokenizerError(.syntax, message ?? "\(file): byte \(bad): not valid UTF-8")
        }
        let text = ByteOrderMark.removed(from: bytes)
        do throws(FileError) {
            let value = try JSONValue(
                parsing: Array(text), file: file, style: .bytes(first: text.startIndex))
            return JSONNode(value: value, file: file, path: "")
        } catch {
            throw TokenizerError(.syntax, error.message)
        }
    }

    /// An error about this place: `file: key `path`: problem`.
    func error(_ code: TokenizerError.Code = .value, _ problem: String) -> TokenizerError {
        let place = path.isEmpty ? "the top level" : "key `\(path)`"
        return TokenizerError(code, "\(file): \(place): \(problem)")
    }

    /// The member `key`, or nil when it is absent or null.
    func member(_ key: String) throws(TokenizerError) -> JSONNode? {
        guard let value = try object()[key], !value.isNull else { return nil }
        return child(key, value)
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

    func members() throws(TokenizerError) -> [JSONObject.Member] { try object().members }

    private func object() throws(TokenizerError) -> JSONObject {
        guard case .object(let object) = value else { throw mismatch("an object") }
        return object
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
        error(.value, "expected \(expected), found \(value.summary)")
    }
}
