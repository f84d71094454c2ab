extension JSONValue {
    /// Writes the value as JSON text.
    ///
    /// - Throws: `FileError` when a number is not finite, naming its key path.
    public func text(_ style: JSONStyle = .pretty) throws(FileError) -> String {
        String(decoding: try bytes(style), as: UTF8.self)
    }

    /// Writes the value as UTF-8 JSON text.
    ///
    /// - Throws: `FileError` when a number is not finite, naming its key path.
    public func bytes(_ style: JSONStyle = .pretty) throws(FileError) -> [UInt8] {
        var writer = JSONWriter(style: style)
        try writer.write(self, level: 0)
        if style.endsWithNewline { writer.output.append(0x0A) }
        return writer.output
    }

    /// Writes the value to a file, whole or not at all.
    ///
    /// - Throws: `FileError` when a number is not finite or the file cannot be written.
    public func write(to path: String, style: JSONStyle = .pretty) throws(FileError) {
        try AtomicFile.write(try bytes(style), to: path)
    }
}
