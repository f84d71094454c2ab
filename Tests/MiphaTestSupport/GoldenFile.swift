public import MiphaCheckpoints

/// A safetensors file of expected values.
public struct GoldenFile: Sendable {
    /// The mapped file.
    public let file: SafetensorsFile

    /// Opens a file under a folder of `Fixtures`.
    public init(_ name: String, in folder: String = "goldens") throws {
        file = try SafetensorsFile(path: PackagePaths.fixture("\(folder)/\(name)"))
    }

    /// The names of all tensors.
    public var names: [String] { file.entries.map(\.name) }

    /// Whether there is a tensor of a name.
    public func has(_ name: String) -> Bool { file.entry(name) != nil }

    /// The shape of a tensor.
    public func shape(_ name: String) throws -> [Int] { try file.requiredEntry(name).shape }

    /// A tensor's values as single precision.
    public func floats(_ name: String) throws -> [Float] { try file.floats(name) }

    /// A tensor's integers or truth values.
    public func integers(_ name: String) throws -> [Int] { try file.integers(name) }

    /// A tensor's single value.
    public func scalar(_ name: String) throws -> Float { try floats(name).first ?? .nan }

    /// The tensors `prefix.0`, `prefix.1`, … of integers, as long as there are any.
    public func rows(_ prefix: String) throws -> [[Int]] {
        var rows: [[Int]] = []
        while has("\(prefix).\(rows.count)") {
            rows.append(try integers("\(prefix).\(rows.count)"))
        }
        return rows
    }
}
