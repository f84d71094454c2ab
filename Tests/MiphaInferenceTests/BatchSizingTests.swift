import MiphaChat
import MiphaFiles
import MiphaImaging
import MiphaInference
import Testing

@Suite struct BatchSizingTests {
    private func request(_ value: Float?, ids: Int, tokens: Int) throws -> PreparedRequest {
        let text = Array(repeating: 1, count: ids)
        let images = try value.map {
            [PreparedImage(try PixelBlock(channels: 1, height: 1, width: 1, values: [$0]))]
        }
        return PreparedRequest(
            prompt: images.map { GenerationPrompt(ids: [5, -200] + text, images: $0) }
                ?? GenerationPrompt(ids: text),
            sampling: SamplingOptions(maxTokens: tokens))
    }

    private func sizing(positions: Int) -> BatchSizing {
        BatchSizing(
            limits: BatchLimits(bytesPerPosition: 10, bytes: 10 * positions),
            tokensPerImage: 100, contextLength: 1000)
    }

    @Test func `everything runs together where there is room`() throws {
        let requests = try (0..<6).map { try request(Float($0 % 2), ids: 5, tokens: 8) }
        #expect(sizing(positions: 100_000).parts(requests) == [[0, 2, 4, 1, 3, 5]])
        #expect(sizing(positions: 10).parts([]) == [])
    }

    @Test func `a request that takes more than there is runs alone`() throws {
        let requests = try (0..<3).map { try request(Float($0 % 2), ids: 5, tokens: 8) }
        #expect(sizing(positions: 0).parts(requests) == [[0], [2], [1]])
    }

    @Test func `the answer is at most what the context leaves`() throws {
        let requests = try (0..<2).map { _ in try request(nil, ids: 900, tokens: .max) }
        #expect(sizing(positions: 2 * 1000 + 3 * BatchSizing.spare).parts(requests) == [[0, 1]])
        #expect(
            sizing(positions: 2 * 1000 + 3 * BatchSizing.spare - 1).parts(requests) == [[0], [1]])
    }

    @Test func `parts hold every request once and keep to the limit`() throws {
        var generator = SplitMix64(seed: 8)
        for _ in 0..<200 {
            let requests = try (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                let picture = Int.random(in: 0...4, using: &generator)
                return try request(
                    picture == 0 ? nil : Float(picture),
                    ids: Int.random(in: 1...60, using: &generator),
                    tokens: Int.random(in: 1...200, using: &generator))
            }
            let most = Int.random(in: 0...4000, using: &generator)
            let parts = sizing(positions: most).parts(requests)
            #expect(parts.flatMap { $0 }.sorted() == Array(requests.indices))
            for part in parts where part.count > 1 {
                let shared = Set(part.map { requests[$0].prompt.images })
                    .map { ($0.isEmpty ? 0 : 101) + BatchSizing.spare }.reduce(0, +)
                let longest =
                    part.map {
                        requests[$0].prompt.ids.count
                            - (requests[$0].prompt.images.isEmpty ? 0 : 2)
                            + requests[$0].sampling.maxTokens + BatchSizing.spare
                    }.max() ?? 0
                #expect(shared + part.count * longest <= most)
            }
        }
    }
}
