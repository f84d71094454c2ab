extension JSONValue {
    /// The deepest nesting of arrays and objects that the parser accepts.
    public static let maximumDepth = 128

    /// Reads a JSON file.
    ///
    /// - Parameters:
    ///   - path: the file, UTF-8, a leading byte order mark is refused.
    ///   - limit: the largest file to read, in bytes.
    /// - Throws: `CheckpointError` naming file, line and column.
    public init(contentsOf path: String, limit: Int = 1 << 30) throws(CheckpointError) {
        let bytes = try FileSystem.read(path, limit: limit)
        try self.init(parsing: bytes, file: path)
    }

    /// Parses a JSON text.
    ///
    /// - Throws: as ``init(parsing:file:)``.
    public init(parsing text: String, file: String = "JSON text") throws(CheckpointError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// Parses a JSON text given as UTF-8 bytes.
    ///
    /// Strict RFC 8259: no comments, no trailing commas, no `NaN`. Beyond the standard it refuses
    /// duplicate keys, nesting deeper than ``maximumDepth``, numbers beyond double range and
    /// escaped halves of surrogate pairs.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: how messages call the text.
    /// - Throws: `CheckpointError` with `file:line:column`; the column counts characters from 1.
    public init(parsing bytes: [UInt8], file: String = "JSON text") throws(CheckpointError) {
        var parser = JSONParser(bytes)
        do {
            self = try parser.document()
        } catch {
            let (line, column) = Self.place(of: error.offset, in: bytes)
            throw CheckpointError(.malformedJSON, "\(file):\(line):\(column): \(error.message)")
        }
    }

    private static func place(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}

private struct JSONParser {
    var scanner: JSONScanner

    init(_ bytes: [UInt8]) {
        scanner = JSONScanner(bytes)
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        scanner.skipWhitespace()
        let value = try value(depth: 0)
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw scanner.expected("the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard !scanner.isAtEnd else { throw scanner.expected("a value") }
        switch scanner.bytes[scanner.position] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t") where scanner.take(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where scanner.take(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where scanner.take(word: "null"): return .null
        case UInt8(ascii: "N") where scanner.take(word: "NaN"),
            UInt8(ascii: "I") where scanner.take(word: "Infinity"):
            throw scanner.failure("NaN and Infinity are not JSON")
        default: throw scanner.expected("a value")
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let token = try scanner.number()
        let text = scanner.text(token.range)
        if token.isInteger, text != "-0", let value = scanner.integer(token) {
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else {
            throw scanner.failure("number too large for a double", at: token.range.lowerBound)
        }
        return .number(value, text: text)
    }

    private func check(_ depth: Int) throws(JSONSyntaxError) {
        guard depth <= JSONValue.maximumDepth else {
            throw scanner.failure("nested deeper than \(JSONValue.maximumDepth) levels")
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try check(depth)
        scanner.position += 1
        scanner.skipWhitespace()
        var elements: [JSONValue] = []
        if scanner.take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            scanner.skipWhitespace()
            elements.append(try value(depth: depth))
            scanner.skipWhitespace()
            if scanner.take(UInt8(ascii: "]")) { return .array(elements) }
            try scanner.expect(UInt8(ascii: ","), "',' or ']'")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try check(depth)
        scanner.position += 1
        scanner.skipWhitespace()
        var object = JSONObject()
        if scanner.take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            scanner.skipWhitespace()
            let start = scanner.position
            guard !scanner.isAtEnd, scanner.bytes[start] == UInt8(ascii: "\"") else {
                throw scanner.expected("a key in quotation marks")
            }
            let key = try scanner.string()
            scanner.skipWhitespace()
            try scanner.expect(UInt8(ascii: ":"), "':' after the key \(key.quoted)")
            scanner.skipWhitespace()
            let value = try value(depth: depth)
            guard object.append(key: key, value: value) else {
                throw scanner.failure("duplicate key \(key.quoted)", at: start)
            }
            scanner.skipWhitespace()
            if scanner.take(UInt8(ascii: "}")) { return .object(object) }
            try scanner.expect(UInt8(ascii: ","), "',' or '}'")
        }
    }
}
