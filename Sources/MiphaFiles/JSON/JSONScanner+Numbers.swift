extension JSONScanner {
    /// A number as it stands in the text.
    package struct NumberToken {
        package let range: Range<Int>
        package let isInteger: Bool
    }

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
