extension JSONValue {
    /// Reads the value that starts here as a whole; a key that comes twice in an object is an error.
    init(at scanner: inout JSONScanner) throws(FileError) {
        guard scanner.position < scanner.end else { throw scanner.expected("a value") }
        switch scanner.byte(scanner.position) {
        case UInt8(ascii: "{"): self = try Self.object(&scanner)
        case UInt8(ascii: "["): self = try Self.array(&scanner)
        case UInt8(ascii: "\""): self = .string(try scanner.stringText())
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = try Self.number(&scanner)
        case UInt8(ascii: "t") where scanner.take(word: "true"): self = .bool(true)
        case UInt8(ascii: "f") where scanner.take(word: "false"): self = .bool(false)
        case UInt8(ascii: "n") where scanner.take(word: "null"): self = .null
        default:
            if let value = try scanner.nonFinite() {
                self = .double(value)
            } else {
                guard scanner.isAtNumber else { throw scanner.expected("a value") }
                self = try Self.number(&scanner)
            }
        }
    }

    private static func number(
        _ scanner: inout JSONScanner
    ) throws(FileError) -> JSONValue {
        let token = try scanner.number()
        let text = scanner.text(token.range)
        if token.isInteger, text != "-0", let value = scanner.integer(token) {
            return .integer(value)
        }
        return .number(try scanner.double(token), text: text)
    }

    private static func array(
        _ scanner: inout JSONScanner
    ) throws(FileError) -> JSONValue {
        try scanner.descend()
        scanner.skipWhitespace()
        var elements: [JSONValue] = []
        if !scanner.take(UInt8(ascii: "]")) {
            repeat {
                scanner.skipWhitespace()
                elements.append(try JSONValue(at: &scanner))
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "]")) else { throw scanner.expected("',' or ']'") }
        }
        scanner.depth -= 1
        return .array(elements)
    }

    private static func object(
        _ scanner: inout JSONScanner
    ) throws(FileError) -> JSONValue {
        try scanner.descend()
        scanner.skipWhitespace()
        var object = JSONObject()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipWhitespace()
                let start = scanner.position
                guard scanner.position < scanner.end,
                    scanner.byte(scanner.position) == UInt8(ascii: "\"")
                else {
                    throw scanner.expected("a key in quotation marks")
                }
                let key = try scanner.keyText()
                scanner.skipWhitespace()
                guard scanner.take(UInt8(ascii: ":")) else {
                    throw scanner.expected("':' after the key \(key.quoted)")
                }
                scanner.skipWhitespace()
                let value = try JSONValue(at: &scanner)
                guard object.append(key: key, value: value) else {
                    throw scanner.failure("duplicate key \(key.quoted)", at: start)
                }
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "}")) else { throw scanner.expected("',' or '}'") }
        }
        scanner.depth -= 1
        return .object(object)
    }
}
