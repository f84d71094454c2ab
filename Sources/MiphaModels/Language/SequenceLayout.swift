public import MiphaNN
public import MiphaTorch

/// The positions of a batch's tokens, and the keys that they may attend to.
public struct SequenceLayout: Sendable, Equatable {
    /// Position of each token, one list per row; a single list serves all rows.
    public let positions: [[Int]]
    /// The real tokens, one list per row; `nil`: all.
    public let keyMask: [[Bool]]?
    /// The ranges of samples that do not attend to each other in each row; `nil`: one sample a row.
    public let documents: [[Range<Int>]]?

    /// Describes rows of one text each.
    public init(positions: [[Int]], keyMask: [[Bool]]? = nil) {
        self.positions = positions
        self.keyMask = keyMask
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
        self.documents = filled
    }

    /// Tokens at 0, 1, 2, … in every row, with no padding before them.
    public static func contiguous(count: Int) -> SequenceLayout {
        SequenceLayout(positions: [Array(0..<count)])
    }

    /// The pass over the tokens.
    ///
    /// - Parameters:
    ///   - device: that of the model.
    ///   - dropout: source of dropout masks; `nil` outside training.
    public func pass(
        device: Device, dropout: RandomGenerator? = nil
    ) throws(TensorError) -> any AttentionPass {
        let list = positions.flatMap { $0 }
        let shape = [positions.count, positions.first?.count ?? 0]
        return pass(
            positions: try Tensor(list, shape: shape).uploaded(to: device), keys: nil,
            dropout: dropout)
    }

    /// The pass over the tokens, whose positions are on the device of the model already.
    ///
    /// - Parameter keys: the mask of keys as `[rows, tokens]` int64 there, where it was sent.
    func pass(
        positions: Tensor, keys: Tensor?, dropout: RandomGenerator?
    ) -> any AttentionPass {
        if let documents {
            return PackedPass(documents: documents, positions: positions, dropout: dropout)
        }
        return SequencePass(
            positions: positions, keyMask: keyMask, keys: keys, dropout: dropout)
    }
}
