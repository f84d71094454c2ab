import MiphaChat
import MiphaFiles
import MiphaInference
import MiphaModels
import MiphaPretend
import MiphaTestSupport
import MiphaTinyFolder
import MiphaTorch
import Testing

/// Choices by the largest logits, which a device sends in place of all.
@Suite struct NextLogitsTests {
    private static let vocabulary = 700

    /// Rows of logits in steps, so that several are equal: few in the first rows, many in the last.
    private func rows(_ count: Int) -> [[Float]] {
        (0..<count).map { row in
            var generator = SplitMix64(seed: UInt64(row))
            let step: Float = row % 3 == 0 ? 1e-6 : row % 3 == 1 ? 0.125 : 1
            return generator.floats(Self.vocabulary).map { ($0 * 4 / step).rounded() * step }
        }
    }

    private func read(_ rows: [[Float]], _ options: [SamplingOptions]) throws -> [NextLogits] {
        let tensor = try Tensor(
            rows.flatMap { $0 }, shape: [rows.count, Self.vocabulary], device: .underTest)
        return try NextLogits.rows(
            of: tensor, keeping: NextLogits.needed(options, vocabulary: Self.vocabulary))
    }

    private static let options = [
        SamplingOptions(), SamplingOptions(temperature: 0.7, topK: 1),
        SamplingOptions(temperature: 1, topK: 5, seed: 1),
        SamplingOptions(temperature: 0.7, topP: 0.8, topK: 40, seed: 2),
        SamplingOptions(temperature: 3, topP: 0.999, topK: 200, seed: 3),
    ]

    @Test(arguments: options)
    func `a choice by the largest is that by all`(_ option: SamplingOptions) throws {
        let rows = rows(60)
        let some = try read(rows, [option])
        var (whole, part) = (Sampler(option), Sampler(option))
        for (row, logits) in zip(rows, some) {
            guard case .largest = logits else {
                Issue.record("all logits were read")
                return
            }
            #expect(try logits.all() == row)
            #expect(try part.next(logits) == whole.next(row))
        }
    }

    @Test func `what a batch needs is what the most demanding of it does`() throws {
        let needed = { NextLogits.needed($0, vocabulary: Self.vocabulary) }
        #expect(needed([SamplingOptions(temperature: 1, topK: 1)]) == 1)
        let all = try #require(needed(Self.options))
        #expect(all > 200 && all < Self.vocabulary)
        #expect(needed(Self.options + [SamplingOptions(temperature: 1, topP: 0.9)]) == nil)
        #expect(needed([SamplingOptions(temperature: 1, topK: Self.vocabulary)]) == nil)
        let rows = rows(6)
        for option in Self.options {
            var (whole, part) = (Sampler(option), Sampler(option))
            for (row, logits) in zip(rows, try read(rows, Self.options)) {
                #expect(try part.next(logits) == whole.next(row))
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `logits that are not numbers are found among the largest`(_ value: Float) throws {
        var row = [Float](repeating: -.infinity, count: Self.vocabulary)
        row[500] = value
        for option in Self.options {
            let logits = try read([row], [option])[0]
            var sampler = Sampler(option)
            #expect(throws: InferenceError.self) { try sampler.next(logits) }
        }
        // Excluded tokens are no error.
        row[500] = 2
        for option in Self.options {
            var sampler = Sampler(option)
            #expect(try sampler.next(read([row], [option])[0]) == 500)
        }
    }

    @Test func `answers are those of a session that gives all logits`() throws {
        let model = try TinyFolder(isLoud: true).bundle().model
        let prompts = [GenerationPrompt(ids: [7, 5, 6, 8]), GenerationPrompt(ids: [7, 11, 12])]
        func answers(
            _ options: SamplingOptions, known: Bool
        ) throws -> [[Int]] {
            let session = try DecodingSession(
                model, prompts: prompts, sampling: known ? prompts.map { _ in options } : nil)
            var samplers = prompts.map { _ in Sampler(options) }
            var ids = prompts.map { _ in [Int]() }
            while try session.advance(choosing: { row, logits in
                ids[row].append(try samplers[row].next(logits))
                return ids[row].count < 8 ? ids[row].last : nil
            }) {}
            return ids
        }
        for options in [SamplingOptions(), SamplingOptions(temperature: 1, topK: 3, seed: 4)] {
            let (whole, part) = (
                try answers(options, known: false), try answers(options, known: true)
            )
            #expect(part == whole && part.allSatisfy { $0.count == 8 })
        }
    }
}
