extension JSONCursor {
    /// Reads the value as a whole; a key that comes twice in an object is an error.
    ///
    /// - Throws: `FileError` for malformed text.
    public mutating func value() throws(FileError) -> JSONValue {
        try begin()
        let value = try wholeValue()
        try complete()
        return value
    }

    private mutating func wholeValue() throws(FileError) -> JSONValue {
        guard position < end else { throw expected("a value") }
        switch byte(position) {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try stringText())
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try numberValue()
        case UInt8(ascii: "t") where take(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where take(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where take(word: "null"): return .null
        default:
            if let value = try nonFinite() { return .double(value) }
            guard isAtNumber else { throw expected("a value") }
            return try numberValue()
        }
    }

    private mutating func numberValue() throws(FileError) -> JSONValue {
        let token = try number()
        let text = text(token.range)
        if token.isInteger, text != "-0", let value = integer(token) {
            return .integer(value)
        }
        return .number(try double(token), text: text)
    }

    private mutating func array() throws(FileError) -> JSONValue {
        try descend()
        skipBlanks()
        var elements: [JSONValue] = []
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipBlanks()
                elements.append(try wholeValue())
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw expected("',' or ']'") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func object() throws(FileError) -> JSONValue {
        try descend()
        skipBlanks()
        var object = JSONObject()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipBlanks()
                let start = position
                guard position < end, byte(position) == UInt8(ascii: "\"") else {
                    throw expected("a key in quotation marks")
                }
                let key = try keyText()
                skipBlanks()
                guard take(UInt8(ascii: ":")) else {
                    throw expected("':' after the key \(key.quoted)")
                }
                skipBlanks()
                let value = try wholeValue()
                guard object.append(key: key, value: value) else {
                    throw failure("duplicate key \(key.quoted)", at: start)
                }
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw expected("',' or '}'") }
        }
        depth -= 1
        return .object(object)
    }
}
