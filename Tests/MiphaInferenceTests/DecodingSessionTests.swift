import MiphaChat
import MiphaFiles
import MiphaImaging
import MiphaInference
import MiphaModels
import MiphaTestSupport
import MiphaTinyFolder
import Testing

/// Logits of batches, which show more than the tokens chosen from them.
@Suite struct DecodingSessionTests {
    private func images(_ count: Int, side: Int) throws -> [PreparedImage] {
        var generator = SplitMix64(seed: 12)
        return try (0..<count).map { _ in
            let values = generator.floats(3 * side * side)
            return PreparedImage(try PixelBlock(height: side, width: side, values: values))
        }
    }

    /// Logits of each prompt after its text and after each of some more tokens.
    private func logits(
        _ model: MiphaModel, _ prompts: [GenerationPrompt], _ tokens: [Int],
        _ prefixes: PrefixCache? = nil
    ) throws -> [[[Float]]] {
        let session = try DecodingSession(model, prompts: prompts, prefixes: prefixes)
        var found = prompts.map { _ in [[Float]]() }
        var isOpen = true
        while isOpen {
            isOpen = try session.advance { row, logits in
                found[row].append(logits)
                return found[row].count <= tokens.count ? tokens[found[row].count - 1] : nil
            }
        }
        return found
    }

    private func difference(_ a: [[Float]], _ b: [[Float]]) -> Float {
        zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? .infinity
    }

    /// Checks that a batch gives what its prompts give alone, and that this differs between them.
    private func check(_ prompts: [GenerationPrompt], _ prefixes: PrefixCache? = nil) throws {
        let model = try TinyFolder(isLoud: true).bundle().model
        let tokens = [3, 9, 4]
        let together = try logits(model, prompts, tokens, prefixes)
        for (row, prompt) in prompts.enumerated() {
            let alone = try logits(model, [prompt], tokens)[0]
            #expect(alone.count == 4)
            #expect(difference(together[row], alone) < 1e-3, "row \(row)")
            for other in 0..<row {
                #expect(difference(together[row], together[other]) > 0.1, "\(other) and \(row)")
            }
        }
    }

    @Test func `beginnings of one length are read together and kept apart`() throws {
        try check(
            images(5, side: 14).map {
                GenerationPrompt(ids: [7, -200, 5, 6, 8], images: [$0])
            })
    }

    @Test func `rows of several images share what they have in common`() throws {
        let images = try images(3, side: 14)
        var prompts: [GenerationPrompt] = []
        for image in images {
            for text in [[5], [5, 6, 8], [9, 2]] {
                prompts.append(GenerationPrompt(ids: [7, -200] + text, images: [image]))
            }
        }
        prompts.append(GenerationPrompt(ids: [7, 11, 12]))
        prompts.append(GenerationPrompt(ids: [7, 13]))
        try check(prompts)
        let cache = PrefixCache()
        try check(prompts, cache)
        try check(prompts.reversed(), cache)
    }

    @Test func `each turn of a conversation reads only what the turn before did not have`() throws {
        let model = try TinyFolder(isLoud: true).bundle().model
        let image = try images(1, side: 14)
        let cache = PrefixCache()
        var ids = [7, -200, 5]
        for turn in 0..<4 {
            let prompt = GenerationPrompt(ids: ids, images: image)
            let session = try DecodingSession(model, prompts: [prompt], prefixes: cache)
            var found: [[Float]] = []
            while try session.advance({ _, logits in
                found.append(logits)
                return nil
            }) {}
            let alone = try logits(model, [prompt], [])[0]
            #expect(difference(found, alone) < 1e-3, "turn \(turn)")
            let whole = ids.count - 1 + model.config.tokensPerImage
            let computed = session.statistics.positionsComputed
            #expect(computed == (turn == 0 ? whole : 4), "turn \(turn)")
            #expect(session.statistics.positionsReused == whole - computed, "turn \(turn)")
            ids += [8 + turn, 9, 11, 3 + turn]
        }
    }

    @Test func `a prompt may end with its image`() throws {
        let images = try images(2, side: 14)
        try check([
            GenerationPrompt(ids: [7, -200], images: [images[0]]),
            GenerationPrompt(ids: [7, -200, 5], images: [images[0]]),
            GenerationPrompt(ids: [-200, -200], images: images),
        ])
    }
}
