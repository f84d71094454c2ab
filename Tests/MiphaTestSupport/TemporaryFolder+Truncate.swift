import Foundation

extension TemporaryFolder {
    /// Cuts a file in the folder; whether that worked.
    public func truncate(_ name: String, to size: Int) -> Bool {
        guard let handle = FileHandle(forWritingAtPath: file(name)) else { return false }
        defer { try? handle.close() }
        return (try? handle.truncate(atOffset: UInt64(size))) != nil
    }
}
