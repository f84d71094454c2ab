/// Counts words as Python's `len(text.split())` does.
package enum WordCount {
    /// The number of runs of code points for which Python's `str.isspace` is false.
    package static func words(in text: String) -> Int {
        var words = 0
        var isInWord = false
        for scalar in text.unicodeScalars {
            let isBlank = isBlank(scalar.value)
            if !isBlank, !isInWord { words += 1 }
            isInWord = !isBlank
        }
        return words
    }

    /// Unicode's white space and the four separators from U+001C on.
    @inline(__always)
    private static func isBlank(_ value: UInt32) -> Bool {
        if value < 0x80 {
            return value == 0x20 || (0x09...0x0D).contains(value) || (0x1C...0x1F).contains(value)
        }
        return switch value {
        case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}
