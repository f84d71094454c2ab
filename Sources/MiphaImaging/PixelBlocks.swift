/// The pixels of one image: a block for each processor of a model, in the order of its towers.
///
/// Blocks may have different sizes. A single block takes no memory of its own besides its values.
public struct PixelBlocks: Sendable, Equatable, RandomAccessCollection {
    private let leading: PixelBlock
    /// The blocks after the first; empty, and then without memory, for a model of one tower.
    private let others: [PixelBlock]

    /// Puts blocks together.
    public init(_ first: PixelBlock, _ others: [PixelBlock] = []) {
        leading = first
        self.others = others
    }

    /// Always 0.
    public var startIndex: Int { 0 }
    /// Number of blocks.
    public var endIndex: Int { 1 + others.count }

    /// A block by its number.
    public subscript(position: Int) -> PixelBlock {
        position == 0 ? leading : others[position - 1]
    }

    /// Number of values of all blocks.
    public var valueCount: Int {
        others.reduce(leading.values.count) { $0 + $1.values.count }
    }

    /// Sizes of the image as a part of a batch: those of its only block, or else the number of values
    /// of all blocks, which follow each other.
    package var sizes: [Int] { others.isEmpty ? leading.shape : [valueCount] }
}

extension Sequence<PreparedImage> {
    /// The values of all blocks, image after image, as batches hold them.
    package var values: [[Float]] {
        var values: [[Float]] = []
        values.reserveCapacity(underestimatedCount)
        for image in self {
            for block in image.pixels { values.append(block.values) }
        }
        return values
    }
}
