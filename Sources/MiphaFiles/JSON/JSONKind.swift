/// The kind of a JSON value, told by its first byte.
public enum JSONKind: Sendable, Hashable, CaseIterable {
    /// `{`.
    case object
    /// `[`.
    case array
    /// `"`.
    case string
    /// A digit or `-`.
    case number
    /// `true` or `false`.
    case bool
    /// `null`.
    case null

    init?(firstByte byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "["): self = .array
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .bool
        case UInt8(ascii: "n"): self = .null
        default: return nil
        }
    }

    /// The kind in words, for messages.
    public var words: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "a boolean"
        case .null: "null"
        }
    }
}
