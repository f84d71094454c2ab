import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTorch
import Testing

/// What the tokens of a layout see, as a decoder's layers find it.
@Suite struct SequenceLayoutTests {
    /// For each row and token the keys that it sees, written as `x`; others are `.`.
    private func drawn(_ layout: SequenceLayout, rows: Int) throws -> [[String]] {
        let tokens = layout.positions[0].count
        let pass = try layout.pass(device: .underTest)
        // Equal scores, and a feature of its own for each key.
        let queries = try Tensor.zeros([rows, tokens, 1, tokens], device: .underTest)
        let marks = (0..<rows * tokens * tokens).map { index -> Float in
            index % tokens == index / tokens % tokens ? 1 : 0
        }
        let values = try Tensor(marks, shape: [rows, tokens, 1, tokens], device: .underTest)
        let mixed = try pass.attend(queries, queries, values, layer: 0, scale: 1)
            .values(as: Float.self)
        return (0..<rows).map { row in
            (0..<tokens).map { token in
                let start = (row * tokens + token) * tokens
                return String(mixed[start..<start + tokens].map { $0 > 0 ? "x" : "." })
            }
        }
    }

    @Test func `tokens of a plain sequence see what comes before`() throws {
        #expect(
            try drawn(.contiguous(count: 4), rows: 2)
                == Array(repeating: ["x...", "xx..", "xxx.", "xxxx"], count: 2))
        #expect(try drawn(.contiguous(count: 1), rows: 1) == [["x"]])
    }

    @Test func `keys that are not real are seen by nobody but a token that sees nothing else`()
        throws
    {
        let masks = [[false, false, true, true], [true, false, true, true]]
        let layout = SequenceLayout(
            positions: [[0, 0, 0, 1], [0, 1, 2, 3]], keyMask: masks)
        #expect(
            try drawn(layout, rows: 2) == [
                ["x...", ".x..", "..x.", "..xx"], ["x...", "x...", "x.x.", "x.xx"],
            ])
    }

    @Test func `samples of a packed row, and its padding, see themselves only`() throws {
        let layout = SequenceLayout(documents: [[0..<2, 2..<3], [0..<4]], tokenCount: 4)
        #expect(layout.positions == [[0, 1, 0, 0], [0, 1, 2, 3]])
        #expect(
            try drawn(layout, rows: 2) == [
                ["x...", "xx..", "..x.", "...x"], ["x...", "xx..", "xxx.", "xxxx"],
            ])
    }

    @Test func `a pass has the positions and the generator of its layout`() throws {
        let layout = SequenceLayout(positions: [[0, 0, 5], [3, 4, 5]])
        let generator = try RandomGenerator(seed: 1, device: .underTest)
        let pass = try layout.pass(device: .underTest, dropout: generator)
        #expect(pass.positions.shape == [2, 3])
        #expect(try pass.positions.values(as: Int.self) == [0, 0, 5, 3, 4, 5])
        #expect(pass.dropout === generator)
        #expect(try SequenceLayout.contiguous(count: 2).pass(device: .underTest).dropout == nil)
    }
}
