public import MiphaFiles

/// The name of a question, a number or a text.
///
/// Two ids are equal when they are written with the same characters, so that `7` and `"7"` name
/// the same question: published files and tools use both for the same one.
public struct QuestionID: Sendable, Hashable, CustomStringConvertible {
    /// The id as it is written.
    public let text: String
    /// Whether files hold it as a number.
    public let isInteger: Bool

    /// Makes an id from a text.
    public init(_ text: String) {
        self.text = text
        isInteger = false
    }

    /// Makes an id from a number.
    public init(_ number: Int) {
        text = String(number)
        isInteger = true
    }

    /// Reads an id; nil for anything but an integer or a string.
    public init?(_ value: JSONValue) {
        switch value {
        case .integer(let number): self.init(number)
        case .string(let text): self.init(text)
        default: return nil
        }
    }

    /// The id as files hold it.
    public var json: JSONValue {
        isInteger ? Int(text).map { .integer($0) } ?? .string(text) : .string(text)
    }

    /// The id as it is written.
    public var description: String { text }

    /// Compares the characters.
    public static func == (left: Self, right: Self) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the characters.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}
