import MiphaDeviceSupport
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Registration of parameters.
@Suite struct ParameterStoreTests {
    @Test func `construction registers parameters in order under their full names`() throws {
        let store = ParameterStore(source: DryRunSource())
        let block = store.scope(.language)["blocks"][3]
        #expect(block.path == "blocks.3")
        _ = try Linear(block["fc1"], from: 2, to: 5)
        _ = try Linear(block["fc2"], from: 5, to: 2, bias: false)
        _ = try LayerNorm(store.scope(.language)["norm"], width: 2, epsilon: 1e-5)
        try store.finish()
        #expect(
            store.names == [
                "blocks.3.fc1.weight", "blocks.3.fc1.bias", "blocks.3.fc2.weight", "norm.weight",
                "norm.bias",
            ])
        #expect(store.parameters.map(\.name) == store.names)
        #expect(store["blocks.3.fc1.weight"]?.shape == [5, 2])
        #expect(store["blocks.3"] == nil)
        #expect(store.elementCount == 10 + 5 + 10 + 2 + 2)
        #expect(store.byteCount == 4 * store.elementCount)
    }

    @Test func `a name registered twice is a bug and traps`() async {
        await #expect(processExitsWith: .failure) {
            let store = ParameterStore(source: DryRunSource())
            _ = try Linear(store.scope(.language)["fc"], from: 2, to: 3)
            _ = try Linear(store.scope(.language)["fc"], from: 2, to: 3)
        }
        await #expect(processExitsWith: .success) {
            let store = ParameterStore(source: DryRunSource())
            _ = try Linear(store.scope(.language)["fc"], from: 2, to: 3)
            _ = try Linear(store.scope(.language)["fd"], from: 2, to: 3)
        }
    }

    @Test func `all missing and unexpected names and wrong shapes are reported at once`() throws {
        let source = try ListedSource([
            "a.weight": [3, 2], "b.bias": [3], "c.weight": [2, 3], "c.bias": [4], "old.table": [1],
            "older": [2],
        ])
        let store = ParameterStore(source: source)
        for name in ["a", "b", "c"] { _ = try Linear(store.scope(.language)[name], from: 2, to: 3) }
        let error = try #require(#expect(throws: ParameterError.self) { try store.finish() })
        for name in ["a.bias", "b.weight", "old.table", "older"] {
            #expect(error.description.contains(name), "\(name)")
        }
        for shapes in [
            "c.weight: expected [3, 2], found [2, 3]", "c.bias: expected [3], found [4]",
        ] {
            #expect(error.description.contains(shapes), "\(error)")
        }
        for name in ["a.weight", "b.bias"] { #expect(!error.description.contains(name)) }
    }

    @Test func `a rule chooses what is trained and an empty choice is refused`() throws {
        let generator = try RandomGenerator(seed: 1)
        let store = ParameterStore(source: InitializerSource(generator: generator))
        for name in ["a", "b"] { _ = try Linear(store.scope(.language)[name], from: 2, to: 3) }
        #expect(try store.train { $0.hasPrefix("b.") } == ["b.weight", "b.bias"])
        #expect(store.parameters.map(\.tensor.requiresGradient) == [false, false, true, true])
        #expect(try store.train { $0 == "a.bias" } == ["a.bias"])
        #expect(store.parameters.map(\.tensor.requiresGradient) == [false, true, false, false])
        #expect(throws: ParameterError.self) { try store.train { _ in false } }
    }

    @Test func `a random start draws weights and sets biases and scales`() throws {
        func start(_ seed: UInt64) throws -> ParameterStore {
            let generator = try RandomGenerator(seed: seed)
            let store = ParameterStore(
                source: InitializerSource(generator: generator, dtype: .float32))
            _ = try Linear(store.scope(.language)["fc"], from: 50, to: 40)
            _ = try LayerNorm(store.scope(.language)["norm"], width: 4, epsilon: 1e-5)
            try store.finish()
            return store
        }
        let store = try start(3)
        let weight = try #require(store["fc.weight"]).values(as: Double.self)
        let deviation = (weight.reduce(0) { $0 + $1 * $1 } / 2000).squareRoot()
        #expect(abs(deviation - 0.02) < 0.002)
        #expect(try store["fc.bias"]?.values(as: Float.self) == Array(repeating: 0, count: 40))
        #expect(try store["norm.weight"]?.values(as: Float.self) == [1, 1, 1, 1])
        #expect(try start(3)["fc.weight"]?.values(as: Double.self) == weight)
        #expect(try start(4)["fc.weight"]?.values(as: Double.self) != weight)
    }

    @Test func `a dry run has shapes and dtypes and no memory`() throws {
        let store = ParameterStore(source: DryRunSource(dtype: .bfloat16))
        _ = try Embedding(store.scope(.language)["table"], rows: 1 << 30, width: 1 << 20)
        try store.finish()
        #expect(store.elementCount == 1 << 50)
        #expect(store.byteCount == 1 << 51)
        #expect(store["table.weight"]?.device == .meta)
    }
}
