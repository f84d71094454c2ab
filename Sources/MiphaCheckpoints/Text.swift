/// A string that compares by its bytes.
///
/// Swift's own comparison holds "é" and "e" + accent for equal; names in files are bytes.
struct ExactString: Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: Self, right: Self) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    // Equal bytes imply equality under Unicode equivalence, so String's hash is consistent.
    func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension String {
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right in
                unsafe UnsafeRawBufferPointer(left).elementsEqual(UnsafeRawBufferPointer(right))
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    func precedesInBytes(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }

    /// The text between quotation marks, control characters escaped, cut when long.
    var quoted: String {
        var result = "\""
        var count = 0
        for scalar in unicodeScalars {
            guard count < 120 else {
                return result + "…\""
            }
            count += 1
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

/// The position of the first byte in `range` that cannot continue well-formed UTF-8.
func firstInvalidUTF8(in bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position < range.upperBound {
        let first = bytes[position]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0x00...0x7F:
            position += 1
            continue
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default: return position
        }
        for offset in 1..<length {
            let next = position + offset
            guard next < range.upperBound, bytes[next] >= low, bytes[next] <= high else {
                return position
            }
            low = 0x80
            high = 0xBF
        }
        position += length
    }
    return nil
}
