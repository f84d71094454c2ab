extension JSONCursor {
    /// Reads a string.
    ///
    /// - Throws: `FileError` when the value is something else or malformed.
    public mutating func string() throws(FileError) -> String {
        try begin()
        guard scanner.position < scanner.end, scanner.byte(scanner.position) == UInt8(ascii: "\"")
        else {
            throw scanner.mismatch("a string")
        }
        let text = try scanner.stringText()
        try complete()
        return text
    }

    /// Reads an integer; a float that is integral (`1e3`, `80.0`) counts as one.
    ///
    /// - Throws: `FileError` when the value is something else or beyond `Int`.
    public mutating func integer() throws(FileError) -> Int {
        try begin()
        let start = scanner.position
        guard scanner.isAtNumber else { throw scanner.mismatch("an integer") }
        let token = try scanner.number()
        var value = token.isInteger ? scanner.integer(token) : nil
        if value == nil { value = Double(scanner.text(token.range)).flatMap { Int(exactly: $0) } }
        guard let value else {
            throw scanner.failure(
                "expected an integer of 64 bits, found \(scanner.text(token.range).prefix(40))",
                at: start)
        }
        try complete()
        return value
    }

    /// Reads a number.
    ///
    /// - Throws: `FileError` when the value is something else or beyond the range of doubles.
    public mutating func double() throws(FileError) -> Double {
        try begin()
        let value: Double
        if let special = try scanner.nonFinite() {
            value = special
        } else {
            guard scanner.isAtNumber else { throw scanner.mismatch("a number") }
            let token = try scanner.number()
            value = try scanner.double(token)
        }
        try complete()
        return value
    }

    /// Reads a boolean.
    ///
    /// - Throws: `FileError` when the value is something else.
    public mutating func bool() throws(FileError) -> Bool {
        try begin()
        let value: Bool
        if scanner.take(word: "true") {
            value = true
        } else if scanner.take(word: "false") {
            value = false
        } else {
            throw scanner.mismatch("true or false")
        }
        try complete()
        return value
    }

    /// Reads a string, or a number as it is written; identifiers come as both.
    ///
    /// - Throws: `FileError` when the value is something else.
    public mutating func stringOrNumber() throws(FileError) -> String {
        try begin()
        if scanner.position < scanner.end, scanner.byte(scanner.position) == UInt8(ascii: "\"") {
            return try string()
        }
        guard scanner.isAtNumber else { throw scanner.mismatch("a string or a number") }
        let result = scanner.text(try scanner.number().range)
        try complete()
        return result
    }

    /// Reads `null` when it stands here.
    ///
    /// - Returns: whether it did; if not, the value is still to be read.
    /// - Throws: `FileError` when there is no value to read.
    public mutating func null() throws(FileError) -> Bool {
        try begin()
        guard scanner.take(word: "null") else { return false }
        try complete()
        return true
    }
}
