/// A string that compares by its bytes.
///
/// Swift's own comparison holds "é" and "e" + accent for equal; names in files are bytes.
package struct ExactString: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    package func hash(into hasher: inout Hasher) {
        let isDone: Void? = unsafe text.utf8.withContiguousStorageIfAvailable {
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isDone == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}

extension String {
    package func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right in
                unsafe UnsafeRawBufferPointer(left).elementsEqual(UnsafeRawBufferPointer(right))
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    package func precedesInBytes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }

    /// The text between quotation marks, control characters and blanks other than the space escaped,
    /// cut when long.
    package var quoted: String { quoted(limit: 120) }

    /// As ``quoted``, cut after `limit` code points.
    package func quoted(limit: Int) -> String {
        var result = "\""
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else {
                return result + "…\""
            }
            count += 1
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.isInvisible {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

extension Unicode.Scalar {
    /// Whether nothing of it is seen in a line of text: controls, formats, and spaces other than the
    /// usual one.
    package var isInvisible: Bool {
        switch properties.generalCategory {
        case .spaceSeparator: self != " "
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
