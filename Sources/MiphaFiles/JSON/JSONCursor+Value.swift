extension JSONCursor {
    /// Reads the value as a whole; a key that comes twice in an object is an error.
    ///
    /// - Throws: `FileError` for malformed text.
    public mutating func value() throws(FileError) -> JSONValue {
        try begin()
        let value = try JSONValue(at: &scanner)
        try complete()
        return value
    }
}
