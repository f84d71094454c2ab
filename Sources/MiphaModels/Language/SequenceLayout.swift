import MiphaTorch

/// Where the tokens of a call stand: positions, and which keys they may see.
public struct SequenceLayout: Sendable, Equatable {
    /// Position of each token, one list per row; a single list serves all rows.
    public let positions: [[Int]]
    /// Which keys, those in the cache included, are real, one list per row; `nil`: all.
    public let keyMask: [[Bool]]?
    /// Number of keys before the tokens of this call.
    public let pastLength: Int
    /// Where samples that do not see each other stand in each row; `nil`: one sample a row.
    public let documents: [[Range<Int>]]?

    /// Describes a call.
    public init(positions: [[Int]], keyMask: [[Bool]]? = nil, pastLength: Int = 0) {
        self.positions = positions
        self.keyMask = keyMask
        self.pastLength = pastLength
        documents = nil
    }

    /// Describes rows of several samples, each of which begins at position 0 and sees itself only.
    ///
    /// - Parameter tokenCount: positions of a row; those after its last sample are padding.
    public init(documents: [[Range<Int>]], tokenCount: Int) {
        let filled = documents.map { row in
            let end = row.last?.upperBound ?? 0
            return end < tokenCount ? row + [end..<tokenCount] : row
        }
        positions = filled.map { $0.flatMap { Array(0..<$0.count) } }
        keyMask = nil
        pastLength = 0
        self.documents = filled
    }

    /// Tokens at `start`, `start + 1`, … in every row, with no padding before them.
    public static func contiguous(from start: Int = 0, count: Int) -> SequenceLayout {
        SequenceLayout(positions: [Array(start..<start + count)], pastLength: start)
    }

    /// Number of tokens of this call in each row.
    public var tokenCount: Int { positions.first?.count ?? 0 }

    /// Whether the engine's causal attention without a mask gives the right result.
    var isPlainlyCausal: Bool { keyMask == nil && (pastLength == 0 || tokenCount == 1) }

    /// The boolean mask `[rows, 1, tokens, keys]`: real keys at or before each token.
    ///
    /// A token that sees no real key sees itself, so that rows of padding hold numbers too.
    func mask() throws(TensorError) -> Tensor? {
        guard !isPlainlyCausal else { return nil }
        let keys = pastLength + tokenCount
        let rows = keyMask ?? [Array(repeating: true, count: keys)]
        var values: [Bool] = []
        values.reserveCapacity(rows.count * tokenCount * keys)
        for row in rows {
            for token in 0..<tokenCount {
                let place = pastLength + token
                let seesNothing = !row[...place].contains(true)
                for key in 0..<keys {
                    values.append(key <= place && (row[key] || (key == place && seesNothing)))
                }
            }
        }
        return try Tensor(values, shape: [rows.count, 1, tokenCount, keys])
    }
}
