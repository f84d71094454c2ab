import MiphaDeviceSupport
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Layers as compositions of operations.
@Suite struct LayerTests {
    private let store: ParameterStore

    init() throws {
        let generator = try RandomGenerator(seed: 5)
        store = ParameterStore(source: InitializerSource(generator: generator))
    }

    private func expectSame(_ a: Tensor, _ b: Tensor) throws {
        #expect(a.shape == b.shape)
        #expect(try haveSameBits(a.values(as: Float.self), b.values(as: Float.self)))
    }

    @Test func `a feed-forward layer is two maps with an activation between`() throws {
        let layer = try FeedForward(
            store.scope(.language)["mlp"], width: 3, inner: 8, activation: .silu)
        #expect(
            store.names == ["mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias"])
        let parameters = store.parameters.map(\.tensor)
        #expect(parameters.map(\.shape) == [[8, 3], [8], [3, 8], [3]])
        for (index, bias) in [1, 3].enumerated() {
            try parameters[bias].assign(
                randomTensor(parameters[bias].shape, seed: UInt64(index)))
        }
        let x = try randomTensor([2, 5, 3], seed: 1)
        let inner = try Functions.activate(
            Functions.linear(x, weight: parameters[0], bias: parameters[1]), .silu)
        try expectSame(
            layer(x), Functions.linear(inner, weight: parameters[2], bias: parameters[3]))
    }

    @Test(arguments: [ActivationFunction.silu, .geluTanh, .geluQuick], [false, true])
    func `a gated feed-forward layer opens one map by another`(
        activation: ActivationFunction, bias: Bool
    ) throws {
        let layer = try GatedFeedForward(
            store.scope(.language)["mlp"], width: 3, inner: 8, activation: activation, bias: bias)
        let names = ["gate_proj", "up_proj", "down_proj"]
        #expect(
            store.names
                == names.flatMap { name in
                    (bias ? ["weight", "bias"] : ["weight"]).map { "mlp.\(name).\($0)" }
                })
        #expect(
            store.facts.filter(\.endsResidual).map(\.layer) == ["mlp.down_proj"])
        for (index, parameter) in store.parameters.enumerated() {
            try parameter.tensor.assign(
                randomTensor(parameter.tensor.shape, seed: UInt64(index)))
        }
        func map(_ x: Tensor, _ name: String) throws -> Tensor {
            try Functions.linear(
                x, weight: #require(store["mlp.\(name).weight"]), bias: store["mlp.\(name).bias"])
        }
        let x = try randomTensor([2, 5, 3], seed: 1)
        let opened = try Functions.activate(map(x, "gate_proj"), activation)
        try expectSame(layer(x), map(opened * map(x, "up_proj"), "down_proj"))
    }

    @Test func `patches are flattened by colour, then row by row over the image`() throws {
        let layer = try PatchEmbedding(store.scope(.language)["p"], channels: 2, patch: 2, width: 8)
        #expect(store.parameters.map(\.tensor.shape) == [[8, 2, 2, 2], [8]])
        // The map copies the eight numbers of a patch.
        let identity = (0..<64).map { Float($0 / 8 == $0 % 8 ? 1 : 0) }
        try store["p.weight"]?.assign(Tensor(identity, shape: [8, 2, 2, 2]))
        let pixels = try Tensor((0..<60).map(Float.init), shape: [1, 2, 5, 6], device: .underTest)
        let found = try layer(pixels)
        #expect(found.shape == [1, 6, 8])
        let values = try found.values(as: Float.self)
        for patch in 0..<6 {
            let corner = patch / 3 * 12 + patch % 3 * 2
            let expected = [0, 1, 6, 7, 30, 31, 36, 37].map { Float($0 + corner) }
            #expect(Array(values[patch * 8..<patch * 8 + 8]) == expected)
        }
    }

    @Test func `norms and tables pass their parameters on`() throws {
        let norm = try LayerNorm(store.scope(.language)["norm"], width: 6, epsilon: 0.5)
        let rms = try RMSNorm(store.scope(.language)["rms"], width: 6, epsilon: 0.5)
        let table = try Embedding(store.scope(.language)["table"], rows: 4, width: 6)
        let plain = try Linear(store.scope(.language)["plain"], from: 6, to: 2, bias: false)
        #expect(
            store.names == [
                "norm.weight", "norm.bias", "rms.weight", "table.weight", "plain.weight",
            ])
        for (index, tensor) in store.parameters.map(\.tensor).enumerated() {
            try tensor.assign(randomTensor(tensor.shape, seed: UInt64(index)))
        }
        let tensors = store.parameters.map(\.tensor)
        let x = try randomTensor([5, 6], seed: 9)
        try expectSame(
            norm(x), Functions.layerNorm(x, weight: tensors[0], bias: tensors[1], epsilon: 0.5))
        try expectSame(rms(x), Functions.rmsNorm(x, weight: tensors[2], epsilon: 0.5))
        let rows = try Tensor([2, 0], device: .underTest)
        try expectSame(table(rows), tensors[3].selecting(rows))
        try expectSame(plain(x), Functions.linear(x, weight: tensors[4], bias: nil))
    }
}
