extension JSONScanner {
    /// Reads a string with its escapes resolved.
    ///
    /// Half a surrogate pair (`"\ud83d"` alone) is an error: it is no text, and no tokenizer can
    /// encode it.
    mutating func string() throws(ChatError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        var index = start
        let count = bytes.count
        var seen: UInt8 = 0
        while index < count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let slice = bytes[start..<index]
                let text = seen < 0x80 ? UTF8Text.string(slice) : try text(of: slice, at: start)
                move(to: index + 1)
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start, upTo: index) }
            if byte < 0x20 {
                move(to: index)
                throw failure("control character \(byte) in a string; write it as an escape")
            }
            seen |= byte
            index += 1
        }
        move(to: start)
        throw failure("string without a closing quote")
    }

    private func text(of slice: some Collection<UInt8>, at start: Int) throws(ChatError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw failure("string starting at byte \(start) is not valid UTF-8")
        }
        return text
    }

    private mutating func escapedString(
        from start: Int, upTo firstEscape: Int
    ) throws(ChatError) -> String {
        var buffer = Array(bytes[start..<firstEscape])
        move(to: firstEscape)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try text(of: buffer, at: start)
                move(to: position + 1)
                return text
            }
            if byte < 0x20 {
                throw failure("control character \(byte) in a string; write it as an escape")
            }
            if byte == UInt8(ascii: "\\") {
                try appendEscape(to: &buffer)
            } else {
                let end = plainEnd(from: position)
                buffer += bytes[position..<end]
                move(to: end)
            }
        }
        throw failure("string without a closing quote")
    }

    /// The end of the bytes that stand for themselves.
    private func plainEnd(from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end += 1
        }
        return end
    }

    private mutating func appendEscape(to buffer: inout [UInt8]) throws(ChatError) {
        guard position + 1 < bytes.count else { throw failure("string without a closing quote") }
        let kind = bytes[position + 1]
        let plain: UInt8
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = kind
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "u"):
            buffer += UTF8Text.utf8(of: try unicodeEscape())
            return
        default:
            throw failure("unknown escape in a string (byte \(kind) after the backslash)")
        }
        buffer.append(plain)
        move(to: position + 2)
    }

    private mutating func unicodeEscape() throws(ChatError) -> Unicode.Scalar {
        let first = try hexUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure("half a surrogate pair in a string") }
        let second = try hexUnit()
        guard second >= 0xDC00, second < 0xE000,
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw failure("half a surrogate pair in a string") }
        return scalar
    }

    /// Reads `\uXXXX` at the position.
    private mutating func hexUnit() throws(ChatError) -> UInt32 {
        var value: UInt32 = 0
        guard position + 6 <= bytes.count else { throw failure("expected four hexadecimal digits") }
        for byte in bytes[(position + 2)..<(position + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
        }
        move(to: position + 6)
        return value
    }
}

extension UTF8Text {
    static func utf8(of scalar: Unicode.Scalar) -> [UInt8] {
        Array(Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
    }
}
