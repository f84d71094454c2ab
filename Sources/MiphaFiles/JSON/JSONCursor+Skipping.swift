extension JSONCursor {
    /// Goes past the value, checking that it is well formed.
    ///
    /// - Throws: `FileError` for malformed text.
    public mutating func skip() throws(FileError) {
        try begin()
        try skipValue()
        try complete()
    }

    /// Makes sure that the whole value was read, reading what is left of it.
    ///
    /// - Throws: `FileError` for malformed text, or when a container inside is still open.
    public mutating func finish() throws(FileError) {
        if progress == .pending, depth == 0 { return try skip() }
        guard depth == 0, progress == .done else {
            throw FileError(
                .invalidRequest,
                failure("an object or array was not read to its end", at: position).message)
        }
    }

    private mutating func skipValue() throws(FileError) {
        guard position < end else { throw expected("a value") }
        switch byte(position) {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"): try skipMembers()
        case UInt8(ascii: "["): try skipElements()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            _ = try number()
        case UInt8(ascii: "-"):
            if try nonFinite() == nil { _ = try number() }
        case UInt8(ascii: "t") where take(word: "true"): break
        case UInt8(ascii: "f") where take(word: "false"): break
        case UInt8(ascii: "n") where take(word: "null"): break
        default:
            guard try nonFinite() != nil else { throw expected("a value") }
        }
    }

    private mutating func skipElements() throws(FileError) {
        try descend()
        skipBlanks()
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipBlanks()
                try skipValue()
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw expected("',' or ']'") }
        }
        depth -= 1
    }

    private mutating func skipMembers() throws(FileError) {
        try descend()
        skipBlanks()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipBlanks()
                guard position < end, byte(position) == UInt8(ascii: "\"") else {
                    throw expected("a key in quotation marks")
                }
                try skipString()
                skipBlanks()
                guard take(UInt8(ascii: ":")) else { throw expected("':' after a key") }
                skipBlanks()
                try skipValue()
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw expected("',' or '}'") }
        }
        depth -= 1
    }
}
