extension JSONCursor {
    /// A number as it stands in the text.
    package struct NumberToken {
        package let range: Range<Int>
        package let isInteger: Bool
    }

    /// Reads a string.
    ///
    /// - Throws: `FileError` when the value is something else or malformed.
    public mutating func string() throws(FileError) -> String {
        try begin()
        guard position < end, byte(position) == UInt8(ascii: "\"") else {
            throw mismatch("a string")
        }
        let text = try stringText()
        try complete()
        return text
    }

    /// Reads an integer; a float that is integral (`1e3`, `80.0`) counts as one.
    ///
    /// - Throws: `FileError` when the value is something else or beyond `Int`.
    public mutating func integer() throws(FileError) -> Int {
        try begin()
        let start = position
        guard isAtNumber else { throw mismatch("an integer") }
        let token = try number()
        var value = token.isInteger ? integer(token) : nil
        if value == nil { value = Double(text(token.range)).flatMap { Int(exactly: $0) } }
        guard let value else {
            throw failure(
                "expected an integer of 64 bits, found \(text(token.range).prefix(40))", at: start)
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
        if let special = try nonFinite() {
            value = special
        } else {
            guard isAtNumber else { throw mismatch("a number") }
            value = try double(number())
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
        if take(word: "true") {
            value = true
        } else if take(word: "false") {
            value = false
        } else {
            throw mismatch("true or false")
        }
        try complete()
        return value
    }

    /// Reads a string, or a number as it is written; identifiers come as both.
    ///
    /// - Throws: `FileError` when the value is something else.
    public mutating func stringOrNumber() throws(FileError) -> String {
        try begin()
        if position < end, byte(position) == UInt8(ascii: "\"") { return try string() }
        guard isAtNumber else { throw mismatch("a string or a number") }
        let result = text(try number().range)
        try complete()
        return result
    }

    /// Reads `null` when it stands here.
    ///
    /// - Returns: whether it did; if not, the value is still to be read.
    /// - Throws: `FileError` when there is no value to read.
    public mutating func null() throws(FileError) -> Bool {
        try begin()
        guard take(word: "null") else { return false }
        try complete()
        return true
    }

    // MARK: Numbers

    var isAtNumber: Bool {
        position < end && (byte(position) &- 0x30 < 10 || byte(position) == UInt8(ascii: "-"))
    }

    /// Reads a number without turning it into a value.
    package mutating func number() throws(FileError) -> NumberToken {
        let start = position
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        let whole = position
        guard digits() > 0 else { throw expected("a digit") }
        guard byte(whole) != UInt8(ascii: "0") || position == whole + 1 else {
            throw failure("number with a leading zero", at: start)
        }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard digits() > 0 else { throw expected("a digit after the decimal point") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw expected("a digit in the exponent") }
        }
        return NumberToken(range: start..<position, isInteger: isInteger)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < end, byte(position) &- 0x30 < 10 { position += 1 }
        return position - start
    }

    /// The value of an integer token, or nil when it does not fit.
    package func integer(_ token: NumberToken) -> Int? {
        var value = 0
        var index = token.range.lowerBound
        let isNegative = byte(index) == UInt8(ascii: "-")
        if isNegative { index += 1 }
        while index < token.range.upperBound {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(byte(index) &- 0x30)
            let (sum, carry) =
                isNegative
                ? product.subtractingReportingOverflow(digit)
                : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        return value
    }

    func double(_ token: NumberToken) throws(FileError) -> Double {
        // Integers of at most 15 digits are doubles.
        if token.isInteger, token.range.count <= 15, let value = integer(token),
            value != 0
        {
            return Double(value)
        }
        guard let value = Double(text(token.range)), value.isFinite else {
            throw failure("number too large for a double", at: token.range.lowerBound)
        }
        return value
    }

    /// Takes `NaN`, `Infinity` or `-Infinity`, an error unless they are accepted.
    mutating func nonFinite() throws(FileError) -> Double? {
        let start = position
        guard position < end else { return nil }
        let value: Double
        switch byte(position) {
        case UInt8(ascii: "N") where take(word: "NaN"): value = .nan
        case UInt8(ascii: "I") where take(word: "Infinity"): value = .infinity
        case UInt8(ascii: "-") where take(word: "-Infinity"): value = -.infinity
        default: return nil
        }
        guard leniency.contains(.nonFiniteNumbers) else {
            throw failure("NaN and Infinity are not JSON", at: start)
        }
        return value
    }

    /// The text of bytes that are known to be ASCII.
    package func text(_ range: Range<Int>) -> String {
        unsafe String(
            decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count),
            as: UTF8.self)
    }
}
