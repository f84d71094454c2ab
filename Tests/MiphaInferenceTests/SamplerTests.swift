import Foundation
import MiphaChat
import MiphaFiles
import MiphaInference
import MiphaTestSupport
import Testing

@Suite struct SamplerTests {
    private func logits(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return generator.floats(count).map { $0 * 4 }
    }

    /// The definition, written without any shortcut: sort all, filter, normalise.
    private func reference(_ logits: [Float], _ options: SamplingOptions) -> [Int: Double] {
        var scores = logits.map { Double($0) / options.temperature }
        if let count = options.topK {
            let threshold = scores.sorted(by: >)[min(count, scores.count) - 1]
            scores = scores.map { $0 < threshold ? -.infinity : $0 }
        }
        func softmax(_ scores: [Double]) -> [Double] {
            let largest = scores.max() ?? 0
            let powers = scores.map { exp($0 - largest) }
            return powers.map { $0 / powers.reduce(0, +) }
        }
        let shares = softmax(scores)
        if options.topP < 1 {
            let ascending = shares.indices.sorted { shares[$0] < shares[$1] }
            var below = 0.0
            for place in ascending.dropLast() {
                below += shares[place]
                if below <= 1 - options.topP { scores[place] = -.infinity }
            }
        }
        return Dictionary(
            uniqueKeysWithValues: softmax(scores).enumerated().filter { $0.element > 0 }
                .map { ($0.offset, $0.element) })
    }

    @Test(arguments: [
        SamplingOptions(temperature: 1), SamplingOptions(temperature: 0.3),
        SamplingOptions(temperature: 1, topK: 5), SamplingOptions(temperature: 2, topP: 0.5),
        SamplingOptions(temperature: 0.7, topP: 0.9, topK: 12),
        SamplingOptions(temperature: 5, topP: 0.9999), SamplingOptions(temperature: 1, topP: 1e-9),
        SamplingOptions(temperature: 1, topK: 10_000),
    ])
    func `the distribution is temperature, then top-k, then top-p`(
        options: SamplingOptions
    ) throws {
        for seed in 0..<20 as Range<UInt64> {
            let logits = logits(50 + Int(seed) * 37, seed: seed)
            let expected = reference(logits, options)
            let found = try Sampler.candidates(logits, options)
            #expect(found.map(\.id) == expected.keys.sorted())
            for candidate in found {
                #expect(abs(candidate.probability - (expected[candidate.id] ?? -1)) < 1e-12)
            }
        }
    }

    @Test func `drawn tokens follow the distribution`() throws {
        let options = SamplingOptions(temperature: 1.5, topP: 0.95, topK: 6, seed: 11)
        let logits = logits(40, seed: 3)
        let expected = reference(logits, options)
        var sampler = Sampler(options)
        var counts: [Int: Int] = [:]
        let draws = 40_000
        for _ in 0..<draws { counts[try sampler.next(logits), default: 0] += 1 }
        #expect(Set(counts.keys) == Set(expected.keys))
        var deviation = 0.0
        for (id, share) in expected {
            let wanted = share * Double(draws)
            let difference = Double(counts[id] ?? 0) - wanted
            deviation += difference * difference / wanted
        }
        // Chi-squared with five degrees of freedom exceeds 25 once in seven thousand seeds.
        #expect(deviation < 25)
    }

    @Test func `the same seed draws the same tokens, another seed others`() throws {
        func draw(_ seed: UInt64) throws -> [Int] {
            var sampler = Sampler(SamplingOptions(temperature: 1, seed: seed))
            return try (0..<50).map { try sampler.next(logits(100, seed: UInt64($0))) }
        }
        #expect(try draw(7) == draw(7))
        #expect(try draw(7) != draw(8))
    }

    @Test func `greedy takes the first of the largest`() throws {
        var sampler = Sampler(SamplingOptions())
        #expect(try sampler.next([1, 3, -2, 3]) == 1)
        var best = Sampler(SamplingOptions(temperature: 0.9, topK: 1))
        #expect(try best.next([1, 3, -2, 4]) == 3)
    }

    @Test func `excluded tokens are never drawn`() throws {
        let logits: [Float] = [-.infinity, 1, -.infinity, 0.5]
        let found = try Sampler.candidates(logits, SamplingOptions(temperature: 3))
        #expect(found.map(\.id) == [1, 3])
    }

    @Test(arguments: [
        [Float.nan, 1], [1, .nan], [-.infinity, -.infinity], [.infinity, 0], [],
    ])
    func `logits that are not numbers are an error`(logits: [Float]) {
        for options in [SamplingOptions(), SamplingOptions(temperature: 1, topP: 0.5, topK: 2)] {
            var sampler = Sampler(options)
            #expect(throws: InferenceError.self) { try sampler.next(logits) }
        }
    }

    @Test func `the generator gives the published xoshiro256 sequence`() {
        // State filled by SplitMix64 from 0; first outputs computed from the two definitions.
        var generator = SamplingGenerator(seed: 0)
        #expect(generator.next() == 0x99EC_5F36_CB75_F2B4)
        #expect(generator.next() == 0xBF6E_1F78_4956_452A)
        #expect((0..<1000).allSatisfy { _ in (0..<1).contains(generator.unit()) })
    }
}
