/// Writes JSON lines of any number to a file that appears, whole, on ``commit()``.
///
/// Until then the target is as it was; released without commit, nothing is left behind.
package final class JSONLinesFile {
    private let file: TemporaryFile
    private var buffer: [UInt8] = []

    /// Makes a temporary file beside the target.
    ///
    /// - Throws: `FileError` when the folder is missing or read-only.
    package init(replacing path: String) throws(FileError) {
        file = try TemporaryFile(replacing: path)
    }

    /// Adds a line.
    ///
    /// - Throws: `FileError` for a number that JSON cannot hold, and when the disk is full.
    package func write(_ value: JSONValue) throws(FileError) {
        buffer += try value.bytes(.compact)
        buffer.append(0x0A)
        if buffer.count > 1 << 16 { try flush() }
    }

    /// Gives the file its name, replacing a file of that name in one step.
    ///
    /// - Throws: `FileError` when the disk is full or the name cannot be taken.
    package func commit() throws(FileError) {
        try flush()
        try file.commit()
    }

    private func flush() throws(FileError) {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
