extension JSONScanner {
    /// Reads a string that must stand here.
    package mutating func stringToken() throws(FileError) -> String {
        guard position < end, byte(position) == UInt8(ascii: "\"") else {
            throw expected("a string")
        }
        return try stringText()
    }

    /// Reads the string whose quotation mark stands here.
    mutating func stringText() throws(FileError) -> String {
        let open = position
        var seen: UInt64 = 0
        let stop = unsafe JSONBytes.plainEnd(base, open + 1, end, seen: &seen)
        guard stop < end, byte(stop) == UInt8(ascii: "\"") else {
            return try unescapedText(from: open, stop)
        }
        position = stop + 1
        let count = stop - open - 1
        if seen & JSONBytes.highs != 0,
            let bad = unsafe JSONBytes.firstInvalidUTF8(base, open + 1, stop)
        {
            throw notUTF8(bad, bad + 1)
        }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: base + open + 1, count: count), as: UTF8.self)
    }

    /// Reads the key whose quotation mark stands here.
    mutating func keyText() throws(FileError) -> String {
        let open = position
        var seen: UInt64 = 0
        let stop = unsafe JSONBytes.plainEnd(base, open + 1, end, seen: &seen)
        guard stop < end, byte(stop) == UInt8(ascii: "\"") else {
            return try unescapedText(from: open, stop)
        }
        position = stop + 1
        guard let key = unsafe keys.text(base + open + 1, stop - open - 1) else {
            throw notUTF8(open + 1, stop)
        }
        return key
    }

    /// Goes past the string whose quotation mark stands here.
    mutating func skipString() throws(FileError) {
        let open = position
        var seen: UInt64 = 0
        position += 1
        while true {
            position = unsafe JSONBytes.plainEnd(base, position, end, seen: &seen)
            guard position < end else { throw unclosed(open) }
            switch byte(position) {
            case UInt8(ascii: "\""):
                if seen & JSONBytes.highs != 0,
                    let bad = unsafe JSONBytes.firstInvalidUTF8(base, open + 1, position)
                {
                    throw notUTF8(bad, bad + 1)
                }
                position += 1
                return
            case UInt8(ascii: "\\"): _ = try JSONEscape.read(&self, open: open)
            default: throw control()
            }
        }
    }

    private mutating func unescapedText(from open: Int, _ stop: Int) throws(FileError) -> String {
        var text: [UInt8] = []
        var seen: UInt64 = 0
        var run = open + 1
        position = stop
        while position < end, byte(position) != UInt8(ascii: "\"") {
            guard byte(position) == UInt8(ascii: "\\") else { throw control() }
            unsafe text.append(
                contentsOf: UnsafeBufferPointer(start: base + run, count: position - run))
            let scalar = try JSONEscape.read(&self, open: open)
            if scalar.value < 0x80 {
                text.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
            run = position
            position = unsafe JSONBytes.plainEnd(base, run, end, seen: &seen)
        }
        guard position < end else { throw unclosed(open) }
        unsafe text.append(
            contentsOf: UnsafeBufferPointer(start: base + run, count: position - run))
        guard let result = String(validating: text, as: UTF8.self) else {
            throw notUTF8(open + 1, position)
        }
        position += 1
        return result
    }

    func unclosed(_ open: Int) -> FileError {
        failure("string without closing quotation mark", at: open)
    }

    private func control() -> FileError {
        guard position < end else { return unclosed(position) }
        return failure(
            "control character in a string must be escaped, found "
                + Self.words(for: byte(position)), at: position)
    }

    private func notUTF8(_ from: Int, _ to: Int) -> FileError {
        let bad = unsafe JSONBytes.firstInvalidUTF8(base, from, to) ?? from
        return failure("text is not UTF-8: \(Self.words(for: byte(bad)))", at: bad)
    }
}
