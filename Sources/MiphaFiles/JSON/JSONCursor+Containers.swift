extension JSONCursor {
    /// Goes into an object; ``nextKey()`` then gives its keys.
    ///
    /// - Throws: `FileError` when the value is no object, or nested too deep.
    public mutating func beginObject() throws(FileError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    /// Goes into an array; ``nextElement()`` then moves to its elements.
    ///
    /// - Throws: `FileError` when the value is no array, or nested too deep.
    public mutating func beginArray() throws(FileError) {
        try open(UInt8(ascii: "["), "an array")
    }

    /// Moves to the value of the next key of an object, or out of the object when there is none.
    ///
    /// A value that was not read since the last call is skipped.
    ///
    /// - Returns: the key, or nil at the object's end.
    /// - Throws: `FileError` for malformed text.
    public mutating func nextKey() throws(FileError) -> String? {
        guard try advance(to: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        guard scanner.position < scanner.end, scanner.byte(scanner.position) == UInt8(ascii: "\"")
        else {
            throw scanner.expected("a key in quotation marks")
        }
        let key = try scanner.keyText()
        scanner.skipWhitespace()
        guard scanner.take(UInt8(ascii: ":")) else {
            throw scanner.expected("':' after the key \(key.quoted)")
        }
        progress = .pending
        return key
    }

    /// Moves to the next element of an array, or out of the array when there is none.
    ///
    /// A value that was not read since the last call is skipped.
    ///
    /// - Returns: whether there is another element.
    /// - Throws: `FileError` for malformed text.
    public mutating func nextElement() throws(FileError) -> Bool {
        guard try advance(to: UInt8(ascii: "]"), "',' or ']'") else { return false }
        progress = .pending
        return true
    }

    /// Calls `body` once for each key of an object; a value that `body` does not read is skipped.
    ///
    /// - Throws: `FileError` for malformed text, and what `body` throws.
    public mutating func object(
        _ body: (inout JSONCursor, String) throws -> Void
    ) throws {
        try beginObject()
        let inside = scanner.depth
        while let key = try nextKey() {
            try body(&self, key)
            try check(inside)
        }
    }

    /// Calls `body` once for each element of an array with its number from 0; a value that `body`
    /// does not read is skipped.
    ///
    /// - Throws: `FileError` for malformed text, and what `body` throws.
    public mutating func array(
        _ body: (inout JSONCursor, Int) throws -> Void
    ) throws {
        try beginArray()
        let inside = scanner.depth
        var count = 0
        while try nextElement() {
            try body(&self, count)
            try check(inside)
            count += 1
        }
    }

    /// Reads an array of strings.
    ///
    /// - Throws: `FileError` when the value is something else.
    public mutating func strings() throws(FileError) -> [String] {
        var result: [String] = []
        try beginArray()
        while try nextElement() { result.append(try string()) }
        return result
    }

    private func check(_ inside: Int) throws(FileError) {
        guard scanner.depth == inside else {
            throw FileError(
                .invalidRequest,
                scanner.failure("a container inside was not read to its end", at: scanner.position)
                    .message)
        }
    }

    private mutating func open(_ byte: UInt8, _ what: String) throws(FileError) {
        try begin()
        guard scanner.position < scanner.end, scanner.byte(scanner.position) == byte else {
            throw scanner.mismatch(what)
        }
        try scanner.descend()
        progress = .opened
    }

    /// Moves to the first byte of the next member, or past the closing bracket.
    ///
    /// - Returns: whether there is another member.
    @inline(__always)
    private mutating func advance(
        to close: UInt8, _ what: StaticString
    ) throws(FileError) -> Bool {
        guard scanner.depth > 0 else {
            throw FileError(
                .invalidRequest,
                scanner.failure("no object or array was begun", at: scanner.position).message)
        }
        if progress == .pending { try skip() }
        scanner.skipWhitespace()
        if scanner.take(close) {
            scanner.depth -= 1
            try complete()
            return false
        }
        if progress == .done {
            guard scanner.take(UInt8(ascii: ",")) else { throw scanner.expected(what.description) }
            scanner.skipWhitespace()
        }
        return true
    }
}
