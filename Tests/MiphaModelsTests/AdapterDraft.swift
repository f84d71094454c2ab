import Foundation
import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch

/// The files of a PEFT adapter, to be changed and written.
struct AdapterDraft {
    var config: JSONObject
    var tensors: [String: (shape: [Int], values: [Float])] = [:]

    /// Starts from a folder of the fixtures.
    init(_ fixture: String = "adapters/lora") throws {
        let folder = PackagePaths.fixture(fixture)
        config = try JSONValue(contentsOf: "\(folder)/adapter_config.json").objectValue ?? [:]
        let file = try SafetensorsFile(path: "\(folder)/adapter_model.safetensors")
        for entry in file.entries {
            tensors[entry.name] = (entry.shape, try file.floats(entry.name))
        }
    }

    /// Writes the adapter into a folder.
    func write(to folder: String, as type: DType = .float32) throws -> AdapterFolder {
        try JSONValue.object(config).write(to: "\(folder)/adapter_config.json")
        try Self.write(tensors, to: "\(folder)/adapter_model.safetensors", as: type)
        return try AdapterFolder(folder)
    }

    /// The adapter, and the error where it cannot be.
    func read(as type: DType = .float32) throws -> AdapterFolder {
        let temporary = try TemporaryFolder()
        return try write(to: temporary.path, as: type)
    }

    /// Writes a safetensors file.
    static func write(
        _ tensors: [String: (shape: [Int], values: [Float])], to path: String,
        as type: DType = .float32
    ) throws {
        let written = try tensors.sorted { $0.key < $1.key }.map { name, tensor in
            (name: name, tensor: try Tensor(tensor.values, shape: tensor.shape).to(dtype: type))
        }
        try SafetensorsFile.write(written, to: path)
    }

    /// Removes the tensors whose names end so.
    mutating func remove(_ ends: String...) {
        tensors = tensors.filter { name, _ in !ends.contains(where: name.hasSuffix) }
    }

    /// Renames tensors.
    mutating func rename(_ change: (String) -> String) {
        tensors = Dictionary(uniqueKeysWithValues: tensors.map { (change($0), $1) })
    }
}
