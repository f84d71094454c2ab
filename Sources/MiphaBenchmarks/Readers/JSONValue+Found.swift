package import MiphaFiles

extension JSONObject {
    /// What was found instead of other keys, in words: "the keys id, text".
    var found: String {
        isEmpty ? "an empty object" : "the keys " + keys.prefix(8).joined(separator: ", ")
    }
}

extension JSONValue {
    /// What was found instead of another value, in words: the keys of an object, else the kind.
    var found: String { objectValue?.found ?? kind }

    /// The kind of value in words, of a number with the number.
    var shown: String {
        if case .number(let number, _) = self { "the number \(number)" } else { kind }
    }

    /// The kind of value in words.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
