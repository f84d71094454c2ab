import Foundation

/// Text functions with the meaning they have in Python, on which the official scorers rest.
///
/// Strings are sequences of code points: lengths, slices and equality never look at grapheme
/// clusters or canonical equivalence.
package enum PythonText {
    /// Whether two texts have the same code points.
    package static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    /// Whether `str.isspace` holds for a code point.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
            0x205F, 0x3000:
            true
        default: false
        }
    }

    /// `text.strip()`.
    package static func strip(_ text: String) -> String {
        strip(text, isSpace)
    }

    /// `text.strip(characters)`: removes any of the code points from both ends.
    package static func strip(_ text: String, _ characters: String) -> String {
        strip(text) { characters.unicodeScalars.contains($0) }
    }

    /// `text.rstrip(characters)`.
    package static func rstrip(_ text: String, _ characters: String) -> String {
        var scalars = text.unicodeScalars[...]
        while let last = scalars.last, characters.unicodeScalars.contains(last) {
            scalars.removeLast()
        }
        return String(scalars)
    }

    private static func strip(
        _ text: String, _ isRemoved: (Unicode.Scalar) -> Bool
    ) -> String {
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, isRemoved(first) { scalars.removeFirst() }
        while let last = scalars.last, isRemoved(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// `text.split()`: the runs between whitespace, none empty.
    package static func split(_ text: String) -> [String] {
        text.unicodeScalars.split(whereSeparator: isSpace).map { String($0) }
    }

    /// `text.split(separator)` for a separator of one code point: pieces may be empty.
    package static func split(_ text: String, _ separator: Unicode.Scalar) -> [String] {
        text.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false)
            .map { String($0) }
    }

    /// `part in text`, by code points.
    package static func contains(_ text: String, _ part: String) -> Bool {
        find(Array(part.utf8), in: Array(text.utf8)) != nil
    }

    /// `text.replace(old, new)`, by code points; an empty `old` leaves the text.
    package static func replace(_ text: String, _ old: String, _ new: String) -> String {
        let (bytes, wanted) = (Array(text.utf8), Array(old.utf8))
        guard !wanted.isEmpty else { return text }
        var result: [UInt8] = []
        var start = 0
        while let place = find(wanted, in: bytes, from: start) {
            result += bytes[start..<place]
            result += Array(new.utf8)
            start = place + wanted.count
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    /// The first place of `wanted` in `bytes` at or after `start`.
    static func find(_ wanted: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard wanted.count <= bytes.count - start else { return nil }
        guard let first = wanted.first else { return start }
        for place in start...(bytes.count - wanted.count)
        where bytes[place] == first && bytes[place..<place + wanted.count].elementsEqual(wanted) {
            return place
        }
        return nil
    }

    /// `text.lower()`: full case mapping, with the final form of sigma at the end of a word.
    package static func lower(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (place, scalar) in scalars.enumerated() {
            if scalar == "\u{3A3}" {
                result.append(isFinalSigma(scalars, place) ? "\u{3C2}" : "\u{3C3}")
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return String(result)
    }

    /// `text.upper()`: full case mapping; the length may change.
    package static func upper(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(contentsOf: scalar.properties.uppercaseMapping.unicodeScalars)
        }
        return String(result)
    }

    /// The rule of Unicode's Final_Sigma: a cased letter before, none after, marks not counted.
    private static func isFinalSigma(_ scalars: [Unicode.Scalar], _ place: Int) -> Bool {
        let before = scalars[..<place].last { !$0.properties.isCaseIgnorable }
        let behind = scalars[(place + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && behind?.properties.isCased != true
    }

    /// Whether the regular expression `\d` matches: any decimal digit of any script.
    package static func isDecimalDigit(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return (0x30...0x39).contains(scalar.value) }
        return scalar.properties.generalCategory == .decimalNumber
    }

    /// Whether the regular expression `\w` matches: letters, marks of letters, digits, underscore.
    package static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "_" { return true }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber:
            return true
        default: return false
        }
    }

    /// `float(text)`; nil where Python raises `ValueError`.
    ///
    /// Unlike `strip()` it takes no U+001C to U+001F off the ends.
    package static func float(_ text: String) -> Double? {
        let body = strip(text) { isSpace($0) && !(0x1C...0x1F).contains($0.value) }
        var ascii: [UInt8] = []
        for scalar in body.unicodeScalars {
            if scalar.value < 0x80 {
                ascii.append(UInt8(scalar.value))
            } else if isDecimalDigit(scalar), let digit = scalar.properties.numericValue {
                ascii.append(0x30 + UInt8(digit))
            } else {
                return nil
            }
        }
        var digits = String(decoding: ascii, as: UTF8.self).lowercased()
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        let sign = isNegative ? -1.0 : 1
        if digits == "inf" || digits == "infinity" { return sign * .infinity }
        if digits == "nan" { return .nan }
        guard isDecimalNumber(Array(digits.utf8)) else { return nil }
        return Double(digits.replacing("_", with: "")).map { sign * $0 }
    }

    /// Digits with single underscores between them, a point and an exponent, as `float` takes them.
    private static func isDecimalNumber(_ bytes: [UInt8]) -> Bool {
        var place = 0
        func digits() -> Int? {
            var count = 0
            var afterUnderscore = false
            while place < bytes.count {
                if bytes[place] &- 0x30 < 10 {
                    count += 1
                    afterUnderscore = false
                } else if bytes[place] == UInt8(ascii: "_"), count > 0, !afterUnderscore {
                    afterUnderscore = true
                } else {
                    break
                }
                place += 1
            }
            return afterUnderscore ? nil : count
        }
        guard let whole = digits() else { return false }
        var fraction = 0
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            place += 1
            guard let count = digits() else { return false }
            fraction = count
        }
        guard whole + fraction > 0 else { return false }
        if place < bytes.count, bytes[place] == UInt8(ascii: "e") {
            place += 1
            if place < bytes.count, bytes[place] == 0x2B || bytes[place] == 0x2D { place += 1 }
            guard let count = digits(), count > 0 else { return false }
        }
        return place == bytes.count
    }

    /// `round(value, digits)`: rounds the exact binary value, ties to even.
    package static func round(_ value: Double, _ digits: Int) -> Double {
        guard value.isFinite else { return value }
        return Double(String(format: "%.\(digits)f", value)) ?? value
    }
}
