/// A strict JSON reader for untrusted bytes: bounded depth, checked UTF-8, no duplicate keys.
///
/// Tokenizer files hold a hundred thousand short strings; reading them into plain values here takes
/// a few tens of milliseconds and keeps the byte position for error messages.
struct JSONParser {
    private static let maximumDepth = 64
    private static let linearKeyCheckLimit = 32

    private let bytes: [UInt8]
    private let file: String
    private var position = 0

    /// Parses the whole of `bytes`.
    ///
    /// - Throws: `TokenizerError` naming `file` and the byte position of the first defect.
    static func parse(_ bytes: [UInt8], file: String) throws(TokenizerError) -> JSONNode {
        if let bad = UTF8Text.firstInvalidByte(bytes.span) {
            throw TokenizerError(.syntax, "\(file): byte \(bad): not valid UTF-8")
        }
        var parser = JSONParser(bytes: bytes, file: file)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else {
            throw parser.failure("unexpected content after the end of the value")
        }
        return JSONNode(value: value, file: file, path: "")
    }

    private init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private func failure(_ problem: String) -> TokenizerError {
        TokenizerError(.syntax, "\(file): byte \(position): \(problem)")
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(TokenizerError) -> JSONValue {
        guard depth < Self.maximumDepth else { throw failure("nested deeper than 64 levels") }
        skipSpace()
        guard let byte = peek() else {
            throw failure("expected a value, found the end of the file")
        }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw failure("expected a value")
        }
    }

    private mutating func literal(
        _ word: String, _ value: JSONValue
    ) throws(TokenizerError) -> JSONValue {
        for expected in word.utf8 {
            guard peek() == expected else { throw failure("expected `\(word)`") }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(TokenizerError) -> JSONValue {
        position += 1
        var members: [JSONMember] = []
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            let start = position
            let key = try string()
            if isDuplicate(key, among: members) {
                position = start
                throw failure("duplicate key \"\(key)\"")
            }
            skipSpace()
            guard peek() == UInt8(ascii: ":") else { throw failure("expected `:`") }
            position += 1
            members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            guard let next = peek() else { throw failure("object without an end") }
            position += 1
            if next == UInt8(ascii: "}") { return .object(members) }
            guard next == UInt8(ascii: ",") else {
                position -= 1
                throw failure("expected `,` or `}`")
            }
        }
    }

    private func isDuplicate(_ key: String, among members: [JSONMember]) -> Bool {
        // Swift compares strings by canonical equivalence; JSON keys are equal only scalar by
        // scalar, and a vocabulary may hold both forms of an accented letter. Large objects are
        // checked by their own readers.
        guard members.count < Self.linearKeyCheckLimit else { return false }
        return members.contains { $0.key.utf8.elementsEqual(key.utf8) }
    }

    private mutating func array(depth: Int) throws(TokenizerError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if peek() == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            guard let next = peek() else { throw failure("array without an end") }
            position += 1
            if next == UInt8(ascii: "]") { return .array(values) }
            guard next == UInt8(ascii: ",") else {
                position -= 1
                throw failure("expected `,` or `]`")
            }
        }
    }

    private mutating func number() throws(TokenizerError) -> JSONValue {
        let start = position
        var isInteger = true
        if peek() == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        try digits()
        if position - firstDigit > 1, bytes[firstDigit] == UInt8(ascii: "0") {
            throw failure("a number must not start with 0")
        }
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int(text) { return .integer(integer) }
        guard let double = Double(text) else { throw failure("not a number: \(text.prefix(40))") }
        return .number(double)
    }

    private mutating func digits() throws(TokenizerError) {
        let start = position
        while let byte = peek(), (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private mutating func string() throws(TokenizerError) -> String {
        position += 1
        let start = position
        var escaped: [UInt8] = []
        var copied = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                if escaped.isEmpty {
                    return String(decoding: bytes[start..<position], as: UTF8.self)
                }
                escaped.append(contentsOf: bytes[copied..<position])
                return String(decoding: escaped, as: UTF8.self)
            }
            guard byte >= 0x20 else { throw failure("control character in a string") }
            if byte == UInt8(ascii: "\\") {
                escaped.append(contentsOf: bytes[copied..<position])
                position += 1
                try escape(into: &escaped)
                copied = position
            } else {
                position += 1
            }
        }
        throw failure("string without an end")
    }

    private mutating func escape(into output: inout [UInt8]) throws(TokenizerError) {
        guard let byte = peek() else { throw failure("string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimal()
            if (0xD800..<0xDC00).contains(scalar), peek() == UInt8(ascii: "\\") {
                position += 1
                guard peek() == UInt8(ascii: "u") else { throw failure("lone surrogate escape") }
                position += 1
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw failure("lone surrogate escape")
                }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else {
                throw failure("lone surrogate escape")
            }
            output.append(contentsOf: UTF8.encode(unicode) ?? UTF8.encodedReplacementCharacter)
        default:
            position -= 1
            throw failure("unknown escape")
        }
    }

    private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek() else { throw failure("string without an end") }
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: throw failure("expected four hexadecimal digits")
            }
            result = result << 4 | UInt32(digit)
            position += 1
        }
        return result
    }
}
