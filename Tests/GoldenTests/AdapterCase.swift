import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// An adapter that PEFT wrote for the golden model `square`, and what PEFT computes with it.
enum AdapterCase: String, CaseIterable, CustomTestStringConvertible {
    case lora, rslora, dora

    var testDescription: String { rawValue }
    var folder: String { PackagePaths.fixture("adapters/\(rawValue)") }

    func model(quantization: QuantizationPlan? = nil) throws -> MiphaModel {
        try MiphaModel(
            folder: GoldenCase.square.folder, adapter: AdapterFolder(folder), use: .training,
            quantization: quantization)
    }

    func expected() throws -> AdapterGolden { try AdapterGolden("\(rawValue)/expected") }

    /// The two rows of text that all cases learn from.
    static func batch() throws -> MiphaBatch {
        let file = try AdapterGolden("lora/expected").file
        let width = try file.requiredEntry("ids").shape[1]
        func rows(_ name: String) throws -> [[Int]] {
            let all = try file.integers(name)
            return stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
        }
        return MiphaBatch(ids: try rows("ids"), labels: try rows("labels"))
    }
}

/// A file under `Fixtures/adapters`.
struct AdapterGolden {
    let file: SafetensorsFile

    init(_ name: String) throws {
        file = try SafetensorsFile(path: PackagePaths.fixture("adapters/\(name).safetensors"))
    }

    func floats(_ name: String) throws -> [Float] { try file.floats(name) }
    func integers(_ name: String) throws -> [Int] { try file.integers(name) }

    /// The tensors whose names begin so, without that beginning.
    func all(_ prefix: String) throws -> [String: [Float]] {
        var found: [String: [Float]] = [:]
        for entry in file.entries where entry.name.hasPrefix(prefix) {
            found[String(entry.name.dropFirst(prefix.count))] = try file.floats(entry.name)
        }
        return found
    }
}

/// Compares tensors by name; the names must be the same.
func expectSame(
    _ found: [String: [Float]], _ expected: [String: [Float]], _ tolerance: Tolerance,
    _ location: SourceLocation = #_sourceLocation
) {
    #expect(
        Set(found.keys) == Set(expected.keys),
        "differ in \(Set(found.keys).symmetricDifference(expected.keys).sorted())",
        sourceLocation: location)
    for name in expected.keys.sorted() {
        let comparison = Comparison(name, found[name] ?? [], expected[name] ?? [], tolerance)
        #expect(comparison.passes, "\(comparison)", sourceLocation: location)
    }
}
