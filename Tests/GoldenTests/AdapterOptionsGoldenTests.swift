import Foundation
import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Adapters that PEFT wrote with options beyond the common ones, against PEFT's own forward pass
/// (Tools/goldens/adapter_options.py).
@Suite struct AdapterOptionsGoldenTests {
    private static let root = PackagePaths.fixture("adapter-options")

    /// A folder of the fixture, and how many layers have an adapter in it.
    static let cases = [
        ("patterns", 12), ("pattern-order", 4), ("head", 3), ("head-dora", 1), ("table", 3),
        ("saved", 2), ("regex", 6), ("some-layers", 1), ("biases", 4), ("all-biases", 2),
        ("all-linear", 12),
    ]

    private func rows(_ file: SafetensorsFile) throws -> [[Int]] {
        let width = try file.requiredEntry("ids").shape[1]
        let all = try file.integers("ids")
        return stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
    }

    private func logits(_ model: MiphaModel, _ batch: MiphaBatch) throws -> Tensor {
        try withoutGradients { try model.logits(batch) }
    }

    @Test(arguments: cases)
    func `logits equal PEFT's, beside the base and merged`(_ name: String, _ layers: Int) throws {
        let folder = "\(Self.root)/\(name)"
        let adapter = try AdapterFolder(folder)
        #expect(adapter.notes.isEmpty || name == "pattern-order", "\(adapter.notes)")
        let model = try MiphaModel(folder: GoldenCase.square.folder, adapter: adapter)
        #expect(model.store.adapters.count == layers)
        let file = try SafetensorsFile(path: "\(folder)/expected.safetensors")
        let batch = MiphaBatch(ids: try rows(file))
        let expected = try file.floats("logits")
        try requireClose("logits", logits(model, batch), expected, .of(.activation))
        let temporary = try TemporaryFolder()
        try model.save(to: temporary.path)
        let merged = try MiphaModel(folder: temporary.path)
        #expect(merged.store.adapters.isEmpty)
        try requireClose("merged", logits(merged, batch), expected, .of(.activation))
    }

    @Test func `a LLaVA model with adapters on its projector and a head in full equals PEFT's`()
        throws
    {
        let folder = "\(Self.root)/projector"
        let model = try MiphaModel(
            folder: PackagePaths.fixture("goldens/llava-hf/v5"), adapter: AdapterFolder(folder))
        let inputs = try GoldenFile("llava-hf/inputs.safetensors")
        let pixels = try Tensor(
            inputs.floats("pixel_values"), shape: inputs.shape("pixel_values")
        ).selecting(Tensor(inputs.integers("images.0")))
        let batch = MiphaBatch(ids: [try inputs.integers("ids.0")], pixels: pixels)
        let expected = try SafetensorsFile(path: "\(folder)/expected.safetensors")
        #expect(model.store.adapters["model.mm_projector.0"] != nil)
        try requireClose(
            "logits", logits(model, batch), expected.floats("logits"), .of(.activation))
    }

    @Test(arguments: ["patterns", "head", "head-dora", "table"])
    func `what is written again is read as the same adapter`(_ name: String) throws {
        let folder = "\(Self.root)/\(name)"
        let base = GoldenCase.square.folder
        let model = try MiphaModel(folder: base, adapter: AdapterFolder(folder))
        let temporary = try TemporaryFolder()
        try model.saveAdapter(to: temporary.path)
        let again = try MiphaModel(folder: base, adapter: AdapterFolder(temporary.path))
        let file = try SafetensorsFile(path: "\(folder)/expected.safetensors")
        let batch = MiphaBatch(ids: try rows(file))
        #expect(try logits(again, batch).values(as: Float.self) == logits(model, batch).values())
    }
}
