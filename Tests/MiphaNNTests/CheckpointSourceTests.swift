import MiphaCheckpoints
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Parameters out of safetensors files.
@Suite struct CheckpointSourceTests {
    private let folder: TemporaryFolder
    private let checkpoint: Checkpoint
    private let keys: KeyMap

    init() throws {
        folder = try TemporaryFolder()
        let entries = [
            TensorDeclaration(name: "old.w", scalarType: .float32, shape: [2, 2]),
            TensorDeclaration(name: "old.flag", scalarType: .bool, shape: [1]),
            TensorDeclaration(name: "skip.me", scalarType: .float32, shape: [1]),
            TensorDeclaration(name: "what.is.this", scalarType: .float32, shape: [1]),
        ]
        var writer = try SafetensorsWriter(path: folder.file("model.safetensors"), entries: entries)
        try writer.write([1, 2.5, -3, 4] as [Float])
        try writer.write([1] as [UInt8])
        try writer.write([9] as [Float])
        try writer.write([9] as [Float])
        try writer.finish()
        checkpoint = try Checkpoint(folder: folder.path)
        keys = try KeyMap(
            dialect: "test", rules: [.rename("old.{*}", to: "new.{*}"), .drop("skip.{*}")])
    }

    private func find(_ source: CheckpointSource, _ shape: [Int] = [2, 2]) throws -> Tensor? {
        try find(source, "new.w", shape)
    }

    private func find(
        _ source: CheckpointSource, _ name: String, _ shape: [Int]
    ) throws -> Tensor? {
        let fact = ParameterFact(
            name: name, layer: "", place: ParameterPlace(.language), role: .matrix)
        return try source.parameter(fact, shape: shape, initializer: .zeros)
    }

    @Test func `a parameter is found under its name in the dialect`() throws {
        let source = CheckpointSource(checkpoint, keys: keys, device: .underTest)
        #expect(try find(source)?.values(as: Float.self) == [1, 2.5, -3, 4])
        #expect(try find(source, "new.x", [1]) == nil)
        #expect(try find(source, "other.w", [1]) == nil)
    }

    @Test func `names nobody asked for are left over unless dropped on purpose`() throws {
        let source = CheckpointSource(checkpoint, keys: keys, device: .underTest)
        #expect(Set(source.leftover(besides: ["new.w"])) == ["old.flag", "what.is.this"])
    }

    @Test func `a wrong shape names file, tensor and both shapes`() throws {
        let source = CheckpointSource(checkpoint, keys: keys, device: .underTest)
        let error = try #require(
            #expect(throws: ParameterError.self) { _ = try find(source, [4]) })
        for part in ["model.safetensors", "old.w", "[4]", "[2, 2]"] {
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test func `training copies and inference maps`() throws {
        let mapped = CheckpointSource(checkpoint, keys: keys, device: .cpu, use: .inference)
        let copied = CheckpointSource(checkpoint, keys: keys, device: .cpu, use: .training)
        let first = try #require(try find(copied))
        try first.setZero()
        #expect(try find(copied)?.values(as: Float.self) == [1, 2.5, -3, 4])
        #expect(try find(mapped)?.values(as: Float.self) == [1, 2.5, -3, 4])
    }

    @Test func `a wanted dtype converts`() throws {
        let source = CheckpointSource(
            checkpoint, keys: keys, dtype: .bfloat16, device: .underTest)
        let tensor = try #require(try find(source))
        #expect(tensor.dtype == .bfloat16)
        #expect(try tensor.values(as: Float.self) == [1, 2.5, -3, 4])
    }

    @Test func `every safetensors type has a dtype and back`() {
        for type in ScalarType.allCases { #expect(DType(type).scalarType == type) }
        for dtype in DType.allCases {
            #expect(DType(dtype.scalarType) == dtype)
            #expect(dtype.scalarType.byteCount == dtype.byteCount)
        }
    }
}
