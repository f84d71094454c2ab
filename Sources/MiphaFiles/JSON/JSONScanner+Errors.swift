/// How messages tell a place.
package enum JSONPlaceStyle: Sendable {
    /// `file:line:column: …`.
    case colons
    /// `file: line 1, column 1: …`.
    case words
    /// `file: … (byte 8)`; for texts inside of others, which start at byte `first`.
    case bytes(first: Int)
}

extension JSONScanner {
    @inline(never)
    package func failure(_ message: String, at offset: Int) -> FileError {
        var place = place
        unsafe place.advance(over: base + start, min(max(offset, start), end) - start)
        var label = ""
        if let context {
            label = context
        } else if let key {
            label = "member \(key.quoted): "
        } else if let index {
            label = "element \(index): "
        }
        let text =
            switch style {
            case .colons: "\(file):\(place.line):\(place.column): \(label)\(message)"
            case .words:
                "\(file): line \(place.line), column \(place.column): \(label)\(message)"
            case .bytes(let first): "\(file): \(label)\(message) (byte \(first + place.byte))"
            }
        return FileError(.malformedJSON, text)
    }

    /// An error for a byte that breaks the grammar.
    @inline(never)
    package func expected(_ what: String) -> FileError {
        failure("expected \(what), found \(found)", at: position)
    }

    /// An error for a value of another kind.
    @inline(never)
    func mismatch(_ what: String) -> FileError {
        guard position < end, let kind = JSONKind(firstByte: byte(position)) else {
            return expected(what)
        }
        return failure("expected \(what), found \(kind.words)", at: position)
    }

    /// The next byte in words.
    private var found: String {
        guard position < end else { return "the end" }
        return Self.words(for: byte(position))
    }

    package static func words(for byte: UInt8) -> String {
        if byte > 0x20 && byte < 0x7F {
            return "'" + String(UnicodeScalar(byte)) + "'"
        }
        let digits = String(byte, radix: 16, uppercase: true)
        return "byte 0x" + (byte < 16 ? "0" : "") + digits
    }
}
