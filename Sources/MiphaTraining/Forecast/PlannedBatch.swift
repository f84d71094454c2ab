/// One micro-batch as far as its memory depends on it.
package struct PlannedBatch: Equatable {
    /// Positions of every sample after its pictures are spliced in.
    let lengths: [Int]
    /// Number of rows: one of each sample, or one of all where they are packed.
    let rows: Int
    /// Positions of the longest row.
    let columns: Int
    /// Number of pictures.
    let pictures: Int
    /// Number of text ids.
    let words: Int
    /// Number of supervised positions.
    let supervised: Int

    /// Creates a batch.
    package init(
        lengths: [Int], packs: Bool = false, pictures: Int, words: Int, supervised: Int
    ) {
        self.lengths = lengths
        rows = packs ? 1 : lengths.count
        columns = packs ? lengths.reduce(0, +) : lengths.max() ?? 0
        self.pictures = pictures
        self.words = words
        self.supervised = supervised
    }

    /// The batch of some samples.
    init(_ shapes: [SampleShapes.Shape], packs: Bool) {
        self.init(
            lengths: shapes.flatMap(\.rows), packs: packs,
            pictures: shapes.reduce(0) { $0 + $1.pictures },
            words: shapes.reduce(0) { $0 + $1.ids },
            supervised: shapes.reduce(0) { $0 + $1.supervised })
    }

    /// Positions with padding.
    var positions: Int { rows * columns }
}
