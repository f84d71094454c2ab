public import MiphaCheckpoints
public import MiphaNN
import MiphaTorch

/// Two vision towers side by side: each sees the image in its own pixels, and the features of a patch are
/// those of the first tower followed by those of the second.
///
/// Both make the same grid of patches; widths, depths, image sizes and families may differ.
public struct TowerPair: TowerConfiguration {
    /// The tower whose features come first.
    public let first: any TowerFamily
    /// The tower whose features come second.
    public let second: any TowerFamily

    /// Puts two towers together.
    ///
    /// - Throws: `CheckpointError` naming both grids when they differ.
    public init(
        _ first: any TowerFamily, _ second: any TowerFamily
    ) throws(CheckpointError) {
        try self.init(first, second, place: "two vision towers side by side")
    }

    /// - Parameter place: where the second stands, for messages.
    init(
        _ first: any TowerFamily, _ second: any TowerFamily, place: String
    ) throws(CheckpointError) {
        let (one, two) = (first.grid, second.grid)
        guard one.rows == two.rows, one.columns == two.columns, one.leading == two.leading else {
            throw CheckpointError(
                .invalidConfig,
                "\(place): expected \(one.words) as the first tower has, "
                    + "\(type(of: first).family.title), found \(two.words) of "
                    + type(of: second).family.title)
        }
        self.init(checked: first, second)
    }

    private init(checked first: any TowerFamily, _ second: any TowerFamily) {
        self.first = first
        self.second = second
    }

    /// Both towers in their order.
    public var towers: [any TowerFamily] { [first, second] }
    /// A block of pixels for each tower.
    public var inputs: [ImageShape] { towers.map(\.input) }
    /// The common grid, with the width of both.
    public var grid: FeatureGrid {
        let grid = first.grid
        return FeatureGrid(
            rows: grid.rows, columns: grid.columns, leading: grid.leading,
            width: grid.width + second.grid.width)
    }
    /// Steps in which blocks are stored; the last blocks that are run make one step.
    public var layerCount: Int { towers.map { $0.layerCount + offset(of: $0) }.max() ?? 0 }
    /// Steps that influence the output: blocks of the deeper tower.
    public var usedLayerCount: Int { max(first.usedLayerCount, second.usedLayerCount) }

    /// Number of the step that runs a tower's first block.
    private func offset(of tower: any TowerFamily) -> Int {
        usedLayerCount - tower.usedLayerCount
    }

    /// Both towers with this many blocks.
    public func shrunk(blocks: Int) -> TowerPair {
        TowerPair(checked: first.shrunk(blocks: blocks), second.shrunk(blocks: blocks))
    }

    /// Both towers at the same image size, which must give both the same grid.
    public func resized(to side: Int) throws(CheckpointError) -> TowerPair {
        try TowerPair(
            first.resized(to: side), second.resized(to: side), place: "image_size \(side)")
    }

    /// Builds both towers, each in its own place; blocks that run together have one depth, so that the
    /// last of one are the last of the other.
    public func tower(in model: ParameterScope) throws -> any VisionTower {
        try VisionTowerPair(
            towers.enumerated().map { number, tower in
                try tower.tower(
                    TowerRoot.scope(number, of: tower, in: model).blocks(from: offset(of: tower)))
            })
    }

    /// Whether both towers of two pairs say the same.
    public static func == (left: TowerPair, right: TowerPair) -> Bool {
        left.first.isEqual(right.first) && left.second.isEqual(right.second)
    }
}

extension FeatureGrid {
    /// The vectors of an image in words.
    fileprivate var words: String {
        "\(rows) x \(columns) patches"
            + (leading == 0
                ? "" : " and \(leading) \(leading == 1 ? "class token" : "other tokens")")
    }
}

/// Two towers whose blocks run in common steps, the last blocks together.
///
/// Between steps the state of an image is a row of numbers: the vectors of the first tower, then those of
/// the second. A tower with fewer blocks waits with its embeddings until the other has as many left.
struct VisionTowerPair: VisionTower {
    private let parts: [any VisionTower]

    init(_ parts: [any VisionTower]) {
        self.parts = parts
    }

    var inputs: [ImageShape] { parts.flatMap(\.inputs) }
    /// That of the first tower, with the width of all.
    var grid: FeatureGrid {
        let grid = parts[0].grid
        return FeatureGrid(
            rows: grid.rows, columns: grid.columns, leading: grid.leading,
            width: parts.reduce(0) { $0 + $1.grid.width })
    }
    var tokenCount: Int { parts.map(\.tokenCount).max() ?? 0 }

    /// A tower's chain and the sizes of one image's pixels and states in it.
    private struct Chain {
        let segments: [Segment]
        let pixels, state: [Int]
    }

    func segments(dropout: RandomGenerator?) -> [Segment] {
        let chains = parts.map { part in
            Chain(
                segments: part.segments(dropout: dropout), pixels: part.inputs.sizes,
                state: [part.tokenCount, part.grid.width])
        }
        let count = chains.map(\.segments.count).max() ?? 0
        return (0..<count).map { step in
            // The embeddings are made in the first step; blocks are counted from the last one.
            let own = chains.map { chain -> Segment? in
                let index = step == 0 ? 0 : step - count + chain.segments.count
                return index > 0 || step == 0 ? chain.segments[index] : nil
            }
            let sizes = chains.map { step == 0 ? $0.pixels : $0.state }
            let isLast = step == count - 1
            return Segment(
                "vision.\(step)", reads: own.reduce(into: []) { $0.formUnion($1?.places ?? []) }
            ) { (state) throws(TensorError) in
                var results: [Tensor] = []
                for (part, segment) in zip(try Self.cut(state, sizes), own) {
                    if let segment {
                        results.append(try segment(part))
                    } else {
                        results.append(part)
                    }
                }
                guard !isLast else { return try .concatenating(results, along: 2) }
                let rows = try results.map { result throws(TensorError) in
                    try result.reshaped([result.size(0), -1])
                }
                return try .concatenating(rows, along: 1)
            }
        }
    }

    /// The parts of images, each as its tower has it alone.
    ///
    /// - Parameter sizes: those of each part of one image.
    private static func cut(
        _ images: Tensor, _ sizes: [[Int]]
    ) throws(TensorError) -> [Tensor] {
        var parts: [Tensor] = []
        var start = 0
        for sizes in sizes {
            let length = sizes.reduce(1, *)
            parts.append(
                try images.narrowed(1, from: start, length: length).contiguous()
                    .reshaped([images.size(0)] + sizes))
            start += length
        }
        return parts
    }
}
