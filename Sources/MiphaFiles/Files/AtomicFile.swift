/// Writes small files so that a reader, or a crash, sees the old or the new one, never a part.
///
/// The bytes go to a temporary name in the same folder, are flushed to the disk, renamed, and the
/// folder is flushed. On failure the temporary file is removed and the target left as it was. A
/// target that is a symbolic link to a regular file, or to nothing, is replaced by the file; a pipe, a
/// device, a socket, or a link to one or to an open file of a process, is refused.
public enum AtomicFile {
    /// Writes raw bytes.
    ///
    /// - Throws: `FileError` when the folder is missing or read-only, or the disk is full.
    public static func write(_ bytes: RawSpan, to path: String) throws(FileError) {
        let file = try TemporaryFile(replacing: path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes bytes.
    ///
    /// - Throws: `FileError` when the folder is missing or read-only, or the disk is full.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        try unsafe write(bytes.span.bytes, to: path)
    }

    /// Writes a text as UTF-8.
    ///
    /// - Throws: `FileError` when the folder is missing or read-only, or the disk is full.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try write(Array(text.utf8), to: path)
    }

    /// Writes the bytes of a buffer.
    ///
    /// - Throws: `FileError` when the folder is missing or read-only, or the disk is full.
    public static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(FileError) {
        try unsafe write(bytes.bytes, to: path)
    }
}
