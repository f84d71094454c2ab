import MiphaDeviceSupport
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// Which layers a plan adapts and quantises, and what one layer computes.
@Suite struct AdapterPlanTests {
    /// Paths of the layers that get an adapter.
    private func adapted(_ plan: AdapterPlan) throws -> [String] {
        let store = ParameterStore(source: DryRunSource(), adapters: plan)
        for (path, part) in [
            ("layers.0.q_proj", .language), ("layers.1.fc1", .language), ("tower.fc1", .tower),
            ("lm_head", .head),
        ] as [(String, ModelPart)] {
            let names = path.split(separator: ".").map(String.init)
            _ = try Linear(names.reduce(store.scope(part)) { $0[$1] }, from: 4, to: 3)
        }
        _ = try Linear(store.scope(.tower)["tower"]["unused"].unused, from: 4, to: 3)
        _ = try Embedding(store.scope(.language)["words"], rows: 5, width: 4, isAdaptable: true)
        try store.finish()
        return store.adapters.keys.sorted()
    }

    @Test func `targets and parts decide together`() throws {
        #expect(
            try adapted(AdapterPlan(parts: [.language, .tower]))
                == ["layers.0.q_proj", "layers.1.fc1", "tower.fc1"])
        #expect(try adapted(AdapterPlan()) == ["layers.0.q_proj", "layers.1.fc1"])
        #expect(
            try adapted(AdapterPlan(targets: .init(["fc1"]), parts: [.tower])) == ["tower.fc1"])
        #expect(
            try adapted(
                AdapterPlan(targets: .init(["0.q_proj", "lm_head"]), parts: [.language, .head]))
                == ["layers.0.q_proj", "lm_head"])
        #expect(
            try adapted(AdapterPlan(targets: .init(["words", "fc1"]))) == ["layers.1.fc1", "words"])
        #expect(AdapterPlan.Targets(["all-linear"]) == .allLinear)
    }

    @Test func `a target that no layer has is an error that names the layers there are`() throws {
        let error = try #require(throws: ParameterError.self) {
            try adapted(AdapterPlan(targets: .init(["fc1", "qproj"])))
        }
        #expect(error.description.contains("qproj"))
        #expect(error.description.contains("q_proj"))
        for plan in [
            AdapterPlan(rank: 0), AdapterPlan(dropout: 1), AdapterPlan(alpha: .nan),
            AdapterPlan(targets: .names([])), AdapterPlan(parts: [.projector]),
        ] {
            #expect(throws: ParameterError.self) { try adapted(plan) }
        }
    }

    private func layer(
        _ format: QuantizationFormat?, magnitudes: Bool = false
    ) throws -> (layer: Linear, store: ParameterStore) {
        let store = ParameterStore(
            source: InitializerSource(generator: try RandomGenerator(seed: 4)),
            adapters: AdapterPlan(
                rank: 2, alpha: 3, dropout: 0, usesMagnitudes: magnitudes),
            quantization: format.map { QuantizationPlan(format: $0) })
        let layer = try Linear(store.scope(.language)["layer"], from: 70, to: 30, deviation: 0.3)
        for (place, name) in store.adapterNames.enumerated() {
            guard let tensor = store[name] else { continue }
            try tensor.accumulate(
                randomTensor(tensor.shape, seed: UInt64(place)), times: 0.2)
        }
        return (layer, store)
    }

    @Test(arguments: [QuantizationFormat?.none, .int8, .nf4], [false, true])
    func `a merged layer gives what the layer with its adapter gives`(
        _ format: QuantizationFormat?, _ magnitudes: Bool
    ) throws {
        let (layer, _) = try layer(format, magnitudes: magnitudes)
        let merged = try layer.merged()
        #expect(merged.adapter == nil)
        let x = try randomTensor([5, 70], seed: 8)
        let comparison = try Comparison(
            "output", merged(x).values(), layer(x).values(), .of(.operation))
        #expect(comparison.passes, "\(comparison)")
    }

    @Test(arguments: [false, true])
    func `the loss over a head with an adapter is that of its logits, weighted too`(
        _ magnitudes: Bool
    ) throws {
        let (layer, store) = try layer(nil, magnitudes: magnitudes)
        let x = try randomTensor([4, 70], seed: 8)
        let targets = try Tensor([3, 29, 0, 7], device: .underTest)
        let factors: [Float] = [1, -0.5, 0, 2]
        var results: [[[Float]]] = []
        for isWhole in [true, false] {
            for name in store.adapterNames { try store[name]?.setRequiresGradient(true) }
            var loss = try Tensor.zeros([], device: .underTest)
            if isWhole {
                loss = try layer.crossEntropySum(
                    x, targets: targets, weights: Tensor(factors, device: .underTest), zLoss: 0)
            } else {
                for (row, factor) in factors.enumerated() {
                    let one = try layer.crossEntropySum(
                        x.narrowed(0, from: row, length: 1),
                        targets: targets.narrowed(0, from: row, length: 1), zLoss: 0)
                    loss = try loss + one * Double(factor)
                }
            }
            try loss.backward()
            let gradients = try store.adapterNames.map { name in
                try store[name]?.gradient()?.values(as: Float.self) ?? []
            }
            results.append([[Float(try loss.item())]] + gradients)
            for name in store.adapterNames { try store[name]?.setGradient(nil) }
        }
        #expect(results[0].count == (magnitudes ? 4 : 3))
        for (found, expected) in zip(results[0], results[1]) {
            #expect(!found.isEmpty)
            let comparison = Comparison("loss", found, expected, .of(.operationGradient))
            #expect(comparison.passes, "\(comparison)")
        }
    }

    @Test func `a merged table gives what the table with its adapter gives`() throws {
        let store = ParameterStore(
            source: InitializerSource(generator: try RandomGenerator(seed: 4)),
            adapters: AdapterPlan(
                rank: 2, alpha: 3, dropout: 0.5, targets: .names(["table"])))
        let table = try Embedding(
            store.scope(.language)["table"], rows: 9, width: 5, isAdaptable: true)
        _ = try Linear(store.scope(.language)["layer"], from: 4, to: 3)
        try store.finish()
        #expect(store.adapterNames == ["table.lora_embedding_A", "table.lora_embedding_B"])
        let ids = try Tensor([3, 8, 3, 0], device: .underTest)
        let fresh = try table(ids).values(as: Float.self)
        #expect(try fresh == Functions.embedding(ids, weight: table.weight).values())
        try store["table.lora_embedding_A"]?.assign(randomTensor([2, 9], seed: 2))
        let merged = try #require(try store.merged("table.weight"))
        let comparison = try Comparison(
            "rows", Functions.embedding(ids, weight: merged).values(), table(ids).values(),
            .of(.operation))
        #expect(comparison.passes, "\(comparison)")
        #expect(try table(ids).values() != fresh)
    }

    @Test(arguments: QuantizationFormat.allCases, [1, 2, 9])
    func `a quantised layer is the dense one with its values, and so is its gradient`(
        _ format: QuantizationFormat, _ rows: Int
    ) throws {
        let (layer, store) = try layer(format)
        let matrix = try #require(store.quantized["layer.weight"])
        var gradients: [[Float]] = []
        for isDense in [false, true] {
            let x = try randomTensor([rows, 70], seed: 8)
            try x.setRequiresGradient(true)
            let y =
                try isDense
                ? Functions.linear(x, weight: matrix.dense(), bias: layer.bias)
                : Functions.linear(x, weight: matrix, bias: layer.bias)
            try (y * y).sum().backward()
            gradients.append(try x.gradient()?.values() ?? [])
        }
        #expect(gradients[0].count == rows * 70)
        let comparison = Comparison(
            "gradient", gradients[0], gradients[1], .of(.operationGradient))
        #expect(comparison.passes, "\(comparison)")
    }

    @Test func `quantised values are near and take the bytes they should`() throws {
        let weight = try randomTensor([512, 256], seed: 3)
        for (format, bits, error) in [
            (QuantizationFormat.nf4, 4.13, 0.17), (.plainNF4, 4.5, 0.17), (.int8, 8.13, 0.005),
        ] {
            let matrix = try QuantizedMatrix(weight, format: format)
            let found = 8 * Double(matrix.byteCount) / Double(weight.elementCount)
            #expect(abs(found - bits) < 0.01, "\(found)")
            let apart = try (matrix.dense() - weight).absoluteMaximum()
            #expect(apart < error && apart > error / 10, "\(apart)")
            let half = try matrix.dense(dtype: .bfloat16)
            #expect(half.dtype == .bfloat16)
            #expect(try (half.to(dtype: .float32) - matrix.dense()).absoluteMaximum() < 4e-3)
        }
    }

    @Test func `NF4 without double quantisation has the same codes and the blocks' own scales`()
        throws
    {
        let weight = try randomTensor([50, 40], seed: 6)
        let nested = try QuantizedMatrix(weight, format: .nf4)
        let plain = try QuantizedMatrix(weight, format: .plainNF4)
        #expect(try plain.codes.values(as: Int.self) == nested.codes.values(as: Int.self))
        let values = try weight.values(as: Float.self)
        let largest = stride(from: 0, to: values.count, by: 64).map { start in
            values[start..<min(start + 64, values.count)].reduce(0) { max($0, abs($1)) }
        }
        #expect(try plain.scales.values() == largest)
        #expect(plain.nestedScales == nil)
        #expect(plain.byteCount == 50 * 40 / 2 + 32 * 4)
        // The largest element of a block is one of the steps, so it comes back exactly.
        #expect(try plain.dense().absoluteMaximum() == Double(largest.max() ?? 0))
        #expect(try nested.dense().values(as: Float.self) != plain.dense().values())
    }

    @Test(arguments: QuantizationFormat.allCases)
    func `zeros and odd sizes are quantised`(_ format: QuantizationFormat) throws {
        let zeros = try QuantizedMatrix(Tensor.zeros([3, 5]), format: format).dense()
        #expect(try zeros.absoluteMaximum() < 1e-30)
        let odd = try randomTensor([7, 13], seed: 2)
        #expect(try (QuantizedMatrix(odd, format: format).dense() - odd).absoluteMaximum() < 0.2)
        #expect(throws: TensorError.self) {
            try QuantizedMatrix(Tensor.zeros([3]), format: format)
        }
    }
}
