extension JSONCursor {
    /// Goes past the value, checking that it is well formed.
    ///
    /// - Throws: `FileError` for malformed text.
    public mutating func skip() throws(FileError) {
        try begin()
        try JSONSkipping.skipValue(&scanner)
        try complete()
    }

    /// Makes sure that the whole value was read, reading what is left of it.
    ///
    /// - Throws: `FileError` for malformed text, or when a container inside is still open.
    public mutating func finish() throws(FileError) {
        if progress == .pending, scanner.depth == 0 { return try skip() }
        guard scanner.depth == 0, progress == .done else {
            throw FileError(
                .invalidRequest,
                scanner.failure("an object or array was not read to its end", at: scanner.position)
                    .message)
        }
    }
}
