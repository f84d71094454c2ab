import Foundation

/// Where tests find files.
public enum PackagePaths {
    /// The folder that holds `Package.swift`.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path(percentEncoded: false)

    /// A file or folder under `Fixtures`.
    public static func fixture(_ name: String) -> String { join(root, "Fixtures/\(name)") }

    /// A file or folder of real data beside the package, or nil where it is absent.
    ///
    /// For `.enabled(if: PackagePaths.sharedData("...") != nil)`.
    public static func sharedData(_ name: String) -> String? {
        let path = join(root, "../shared/\(name)")
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }
}
