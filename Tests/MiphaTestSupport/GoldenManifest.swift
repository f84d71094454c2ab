import Foundation
import MiphaCheckpoints
import MiphaFiles

/// The list of golden files with what their maker says they hold.
public struct GoldenManifest: Sendable {
    /// Paths of all listed files, relative to the folder of the manifest.
    public let files: [String]

    private let folder: String
    private let entries: JSONObject

    /// Reads the `manifest.json` of a folder of `Fixtures`.
    public init(_ name: String = "goldens") throws {
        folder = PackagePaths.fixture(name)
        let reader = try ConfigReader(contentsOf: "\(folder)/manifest.json")
        entries = try reader.object("files").object
        files = entries.keys
    }

    /// What is wrong with a listed file: absent, of another size or content, or with other tensors.
    public func problems(of name: String) throws -> [String] {
        guard let entry = entries[name] else { return ["\(name): not listed"] }
        let path = "\(folder)/\(name)"
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        var problems: [String] = []
        if size != entry["bytes"]?.integerValue {
            problems.append("\(name): \(size ?? -1) bytes, listed with another size")
        }
        let digest = try SHA256Digest(contentsOf: path).hex
        if digest != entry["sha256"]?.stringValue {
            problems.append("\(name): SHA-256 \(digest), listed with another one")
        }
        guard let tensors = entry["tensors"]?.objectValue else { return problems }
        let file = try SafetensorsFile(path: path)
        let found = file.entries.map { "\($0.name): \($0.scalarType.rawValue)\($0.shape)" }
        let listed = tensors.members.map { "\($0.key): \($0.value.stringValue ?? "?")" }
        if Set(found) != Set(listed) {
            let difference = Set(found).symmetricDifference(listed).sorted()
            problems.append("\(name): differs from the list in \(difference)")
        }
        return problems
    }

    /// Files in the folder that the manifest does not list.
    public func unlisted() -> [String] {
        let listed = Set(files + ["manifest.json"])
        let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
        return (found ?? []).filter { $0.contains(".") && !listed.contains($0) }.sorted()
    }
}
