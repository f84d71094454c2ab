import MiphaCheckpoints
import MiphaModels
import MiphaNN
import MiphaTestSupport
import MiphaTorch
import Testing

/// Masks and rotary angles of a call, as the decoder gets them.
@Suite struct SequenceLayoutTests {
    private func context(_ layout: SequenceLayout) throws -> DecoderContext {
        try decoder(smallConfig()).0.context(layout, cache: nil, dropout: nil)
    }

    /// A mask written as rows of `x` (attend) and `.`.
    private func drawn(_ mask: Tensor?) throws -> [[String]] {
        let mask = try #require(mask)
        #expect(mask.dtype == .bool)
        #expect(mask.size(1) == 1)
        let values = try mask.values(as: Bool.self)
        let (tokens, keys) = (mask.size(2), mask.size(3))
        return (0..<mask.size(0)).map { row in
            (0..<tokens).map { token in
                let start = (row * tokens + token) * keys
                return String(values[start..<start + keys].map { $0 ? "x" : "." })
            }
        }
    }

    @Test func `plain sequences need no mask`() throws {
        let whole = try context(.contiguous(count: 5))
        #expect(whole.mask == nil)
        #expect(whole.causal)
        let step = try context(.contiguous(from: 7, count: 1))
        #expect(step.mask == nil)
        #expect(!step.causal, "one token sees all keys before it")
        let single = try context(.contiguous(count: 1))
        #expect(single.mask == nil)
    }

    @Test func `several tokens after a cache see the past and each other in order`() throws {
        let context = try context(.contiguous(from: 3, count: 2))
        #expect(!context.causal)
        #expect(try drawn(context.mask) == [["xxxx.", "xxxxx"]])
    }

    @Test func `keys that are not real are seen by nobody but a token that sees nothing else`()
        throws
    {
        let masks = [[false, false, true, true], [true, false, true, true]]
        let layout = SequenceLayout(
            positions: [[0, 0, 0, 1], [0, 1, 2, 3]], keyMask: masks)
        let context = try context(layout)
        #expect(!context.causal)
        #expect(
            try drawn(context.mask) == [
                ["x...", ".x..", "..x.", "..xx"], ["x...", "x...", "x.x.", "x.xx"],
            ])
        let later = SequenceLayout(
            positions: [[2], [4]],
            keyMask: [[false, true, true, true], [true, true, true, true]], pastLength: 3)
        #expect(try drawn(self.context(later).mask) == [[".xxx"], ["xxxx"]])
    }

    @Test func `angles follow the positions`() throws {
        let layout = SequenceLayout(positions: [[0, 0, 5], [3, 4, 5]], keyMask: nil)
        let context = try context(layout)
        #expect(context.cos.shape == [2, 3, 2])
        let (cosines, sines) = (
            try context.cos.values(as: Float.self), try context.sin.values(as: Float.self)
        )
        #expect(Array(cosines[0..<4]) == [1, 1, 1, 1])
        #expect(Array(sines[0..<4]) == [0, 0, 0, 0])
        #expect(cosines[4..<6] == cosines[10..<12])
        // Position 5, second frequency of theta 10000 over four features: 5 / 100.
        #expect(abs(sines[5] - 0.049979) < 1e-5)
    }
}
