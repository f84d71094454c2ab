import Foundation

extension TemporaryFolder {
    /// Writes a text, with the folders it needs, and returns the file's path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    /// Writes bytes, with the folders they need, and returns the file's path.
    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        if let slash = name.lastIndex(of: "/") { _ = try folder(String(name[..<slash])) }
        let path = file(name)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
