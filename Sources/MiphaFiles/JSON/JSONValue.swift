/// A JSON value that survives a load and save unchanged: key order, integers and floats included.
public enum JSONValue: Sendable, Equatable {
    /// The value `null`.
    case null
    /// The values `true` and `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits `Int`.
    case integer(Int)
    /// Any other number: its nearest double, and the text that is written back.
    ///
    /// Use ``double(_:)`` to make one from a value.
    case number(Double, text: String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object in the order of its keys.
    case object(JSONObject)

    /// Makes a number that is always written as a float (`1.0`, `1e-05`), as Python prints it.
    ///
    /// A value that is not finite can be held but not written: the writer reports it.
    public static func double(_ value: Double) -> JSONValue {
        .number(value, text: pythonText(of: value))
    }

    /// The value of `key` when this is an object that has it.
    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The object, or nil for other kinds.
    public var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements of an array, or nil for other kinds.
    public var arrayValue: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The string, or nil for other kinds.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The boolean, or nil for other kinds.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The integer, also of a float that is integral (`1e3`, `80.0`), or nil.
    public var integerValue: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value, _): Int(exactly: value)
        default: nil
        }
    }

    /// The number as double, or nil for other kinds.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value, _): value
        default: nil
        }
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The kind and, for scalars, the value, in words for messages.
    package var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): "the integer \(value)"
        case .number(_, let text): "the number \(text.prefix(40))"
        case .string(let text): "the string \(text.quoted)"
        case .array(let elements): "an array of \(elements.count)"
        case .object(let object): "an object of \(object.count) keys"
        }
    }

    /// The shortest digits that give the value back, laid out as Python's `repr` does: plain for
    /// decimal exponents from -4 to 15, else with an exponent of at least two digits.
    private static func pythonText(of value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let parts = "\(value.magnitude)".split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(mantissa[0]) + (mantissa.count > 1 ? String(mantissa[1]) : "")
        var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.count > 1, digits.hasPrefix("0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        let sign = value.sign == .minus ? "-" : ""
        if digits == "0" { return sign + "0.0" }
        if point > 16 || point < -3 {
            let head = String(digits.removeFirst())
            let exponent = point - 1
            let number = String(exponent.magnitude)
            let padded = (number.count < 2 ? "0" : "") + number
            let fraction = digits.isEmpty ? "" : "." + digits
            return sign + head + fraction + "e" + (exponent < 0 ? "-" : "+") + padded
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count {
            return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
        }
        let split = digits.index(digits.startIndex, offsetBy: point)
        return sign + digits[..<split] + "." + digits[split...]
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes an integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// Makes a float.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Makes a boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes `null`.
    public init(nilLiteral: ()) { self = .null }
    /// Makes an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Makes an object in the order of the literal.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { .init(key: $0.0, value: $0.1) }))
    }
}
