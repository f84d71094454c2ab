import Foundation

/// A new empty folder that lasts as long as this value.
public final class TemporaryFolder: Sendable {
    /// The folder's path, without a slash at its end.
    public let path: String

    /// Creates the folder.
    public init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "mipha-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path(percentEncoded: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file in the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder inside.
    public func folder(_ name: String) throws -> String {
        let inner = file(name)
        try FileManager.default.createDirectory(
            atPath: inner, withIntermediateDirectories: true)
        return inner
    }

    /// Copies the files of another folder, not those in its own folders, to a folder inside.
    public func copy(of other: String, named name: String) throws -> String {
        let inner = try folder(name)
        for file in try FileManager.default.contentsOfDirectory(atPath: other) {
            let source = "\(other)/\(file)"
            let attributes = try FileManager.default.attributesOfItem(atPath: source)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: "\(inner)/\(file)")
        }
        return inner
    }
}
