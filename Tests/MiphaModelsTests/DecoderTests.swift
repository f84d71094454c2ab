import MiphaCheckpoints
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTorch
import Testing

/// The Phi decoder with and without a cache, padding, and in its fused form.
@Suite struct DecoderTests {
    /// Runs all blocks, the norm and the head over embeddings.
    private func run(
        _ model: PhiLanguageModel, _ embeddings: Tensor, _ pass: any AttentionPass
    ) throws -> Tensor {
        try withoutGradients {
            let hidden = try model.segments(pass).run(embeddings)
            return try model.head.logits(model.head.normalize(hidden))
        }
    }

    /// Runs whole rows `[rows, tokens, width]`.
    private func run(_ model: PhiLanguageModel, _ embeddings: Tensor) throws -> Tensor {
        try run(
            model, embeddings,
            SequenceLayout.contiguous(count: embeddings.size(1)).pass(device: .underTest))
    }

    private func ids(_ rows: Int, _ count: Int, seed: UInt64) throws -> Tensor {
        var generator = SplitMix64(seed: seed)
        let values = (0..<rows * count).map { _ in Int.random(in: 0..<50, using: &generator) }
        return try Tensor(values, shape: [rows, count], device: .underTest)
    }

    @Test(arguments: [1, 3], [[9], [1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 1, 1, 3], [1, 8], [7, 2]])
    func `cached equals uncached, however the tokens are cut`(
        _ layers: Int, _ pieces: [Int]
    ) throws {
        let (model, _) = try decoder(smallConfig(layers: layers))
        let embeddings = try model.embed(ids(2, 9, seed: 1))
        let whole = try run(model, embeddings)
        let cache = PagedCache(layers: layers, device: .underTest)
        let rows = [PagedSequence(), PagedSequence()]
        var start = 0
        for count in pieces {
            let piece = try embeddings.narrowed(1, from: start, length: count)
            let found = try run(
                model, piece.reshaped([1, 2 * count, -1]),
                cache.pass(rows, counts: [count, count]))
            try requireClose(
                "tokens \(start) to \(start + count)", found.reshaped([2, count, -1]),
                whole.narrowed(1, from: start, length: count))
            start += count
            #expect(rows.map(\.length) == [start, start])
        }
    }

    @Test func `later tokens do not change earlier ones`() throws {
        let (model, _) = try decoder(smallConfig(layers: 2))
        let tokens = try ids(1, 8, seed: 2)
        let changed = try tokens.cloned()
        try changed.narrowed(1, from: 5, length: 3).setZero()
        let first = try run(model, model.embed(tokens))
        let second = try run(model, model.embed(changed))
        try requireClose(
            "before the change", second.narrowed(1, from: 0, length: 5),
            first.narrowed(1, from: 0, length: 5))
        let tail =
            try first.narrowed(1, from: 7, length: 1) - second.narrowed(1, from: 7, length: 1)
        #expect(try tail.absoluteMaximum() > 1e-3)
    }

    @Test func `fused projections equal split ones with their rows sorted out`() throws {
        var config = smallConfig(layers: 2)
        let (split, parameters) = try decoder(config)
        config.fusesProjections = true
        let (fused, target) = try decoder(config, seed: 9)
        let (heads, width) = (3, 8)
        for name in target.names {
            guard name.contains("query_key_value") else {
                try target[name]?.assign(#require(parameters[name]))
                continue
            }
            // Each head's rows of q, then of k, then of v; the heads follow one another.
            var parts: [Tensor] = []
            for head in 0..<heads {
                for projection in ["q_proj", "k_proj", "v_proj"] {
                    let source = name.replacing("query_key_value", with: projection)
                    parts.append(
                        try #require(parameters[source])
                            .narrowed(0, from: head * width, length: width))
                }
            }
            try target[name]?.assign(Tensor.concatenating(parts, along: 0))
        }
        let tokens = try ids(2, 6, seed: 5)
        try requireClose(
            "logits", run(fused, fused.embed(tokens)), run(split, split.embed(tokens)))
    }

    @Test func `dropout works in training only and follows its generator`() throws {
        var config = smallConfig(layers: 2)
        config.residualDropout = 0.5
        let (model, _) = try decoder(config)
        let embeddings = try model.embed(ids(1, 5, seed: 3))
        func hidden(_ generator: RandomGenerator?) throws -> [Float] {
            try withoutGradients {
                let pass = try SequenceLayout.contiguous(count: 5).pass(
                    device: .underTest, dropout: generator)
                return try model.segments(pass).run(embeddings).values()
            }
        }
        let plain = try hidden(nil)
        #expect(try hidden(nil) == plain)
        let dropped = try hidden(RandomGenerator(seed: 1, device: .underTest))
        #expect(dropped != plain)
        #expect(try hidden(RandomGenerator(seed: 1, device: .underTest)) == dropped)
        #expect(try hidden(RandomGenerator(seed: 2, device: .underTest)) != dropped)
    }

    @Test func `the sizes of a decoder follow from its config`() throws {
        let (model, _) = try decoder(smallConfig(layers: 2))
        #expect(
            model.shape
                == DecoderShape(
                    width: 24, layers: 2, heads: 3, keyValueHeads: 3, headWidth: 8, vocabulary: 50,
                    positions: 2048))
        #expect(model.shape.bytesPerPosition(.bfloat16) == 2 * 2 * 24 * 2)
    }
}
