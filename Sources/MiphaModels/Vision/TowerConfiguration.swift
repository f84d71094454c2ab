public import MiphaCheckpoints
public import MiphaFiles
public import MiphaNN

/// The configuration of what makes a model's image features: a tower of one family, or two side by
/// side (``TowerPair``).
public protocol TowerConfiguration: Sendable, Equatable {
    /// The towers, each of one family: itself, or those it is put together from.
    var towers: [any TowerFamily] { get }

    /// Channels, height and width of the blocks of pixels of one image, one for each tower.
    var inputs: [ImageShape] { get }
    /// The features of one image.
    var grid: FeatureGrid { get }
    /// Number of blocks stored, of which the last ones may go unused.
    var layerCount: Int { get }
    /// Number of blocks that influence the output; of two towers that run together, of the deeper.
    var usedLayerCount: Int { get }

    /// The same with this many blocks a tower, of which the last is not run, for measurements.
    func shrunk(blocks: Int) -> Self
    /// The same for square images of another side in pixels, with tables of positions of that size.
    ///
    /// - Throws: `CheckpointError` when the side is not at least that of a patch, or too large.
    func resized(to side: Int) throws(CheckpointError) -> Self
    /// Builds the layers; their parameters are registered under the tower's place in `model`, the scope
    /// of the whole model.
    func tower(in model: ParameterScope) throws -> any VisionTower
}

/// The configuration of a vision tower of one family.
///
/// A family is one conforming type with its layers, and one line in ``TowerCatalogue``.
public protocol TowerFamily: TowerConfiguration {
    /// The family's names.
    static var family: PartFamily { get }
    /// The treatment of the fields of the family's config.
    static var fields: FileFields { get }

    /// Reads transformers' field names.
    ///
    /// - Parameter selection: which of the tower's states are the features.
    /// - Throws: `CheckpointError` naming the field.
    init(_ reader: ConfigReader, selection: FeatureSelection) throws(CheckpointError)

    /// The fields in transformers' names, without `model_type`.
    var json: JSONObject { get }

    /// Channels, height and width of the images.
    var input: ImageShape { get }
    /// Side of a patch in pixels.
    var patchSize: Int { get }
    /// Whether the tower puts a class token before its patches.
    static var hasClassToken: Bool { get }
    /// Number of attention heads.
    var headCount: Int { get }
    /// The hidden state that is the output: `-2` is the state before the last block.
    var selectedLayer: Int { get }
    /// The tokens that are the output.
    var selectedTokens: FeatureTokens { get }
    /// The learned positions of the patches, as the tower's config has them.
    var positions: PositionTable { get }

    /// Builds the tower; its parameters are registered under `scope`, the tower's root.
    func tower(_ scope: ParameterScope) throws -> any VisionTower
}

extension TowerConfiguration {
    /// Whether another config is of the same family and says the same.
    package func isEqual(_ other: any TowerConfiguration) -> Bool { self == other as? Self }

    /// The entry in reports.
    package var report: JSONObject {
        let towers = towers
        guard towers.count > 1 else { return towers[0].ownReport }
        return [
            "family": .string(towers.map { type(of: $0).family.id }.joined(separator: "+")),
            "tokens": .integer(grid.count), "width": .integer(grid.width),
            "towers": .array(towers.map { .object($0.ownReport) }),
        ]
    }

    /// One line for people.
    package var summary: String {
        let own = towers.map(\.ownSummary).joined(separator: " + ")
        return towers.count == 1
            ? own : "\(own); side by side \(grid.count) tokens of \(grid.width)"
    }
}

extension TowerFamily {
    /// Itself.
    public var towers: [any TowerFamily] { [self] }
    /// Its only block of pixels.
    public var inputs: [ImageShape] { [input] }
    /// Patches, and the class token where one is kept.
    public var selectedTokens: FeatureTokens { grid.leading > 0 ? .all : .patch }

    /// Refuses a side of images that gives no patch, or more than can be computed.
    func requirePlace(_ side: Int) throws(CheckpointError) {
        guard (patchSize...ImageShape.largestSide).contains(side) else {
            throw CheckpointError(
                .invalidConfig,
                "image_size: expected \(patchSize), the side of a patch, to "
                    + "\(ImageShape.largestSide) pixels, found \(side)")
        }
    }

    /// Builds the tower where a model's only tower, or the first, stands.
    public func tower(in model: ParameterScope) throws -> any VisionTower {
        try tower(TowerRoot.scope(0, of: self, in: model))
    }

    fileprivate var ownReport: JSONObject {
        [
            "family": .string(Self.family.id), "image_size": .integer(input.width),
            "patch_size": .integer(patchSize), "tokens": .integer(grid.count),
            "width": .integer(grid.width), "blocks": .integer(layerCount),
            "blocks_used": .integer(usedLayerCount), "heads": .integer(headCount),
        ]
    }

    fileprivate var ownSummary: String {
        "\(Self.family.title), \(input.width) px, patches of \(patchSize) px, "
            + "\(grid.count) tokens of \(grid.width), \(usedLayerCount) of \(layerCount) blocks used"
    }
}

/// The families of vision towers, one line each.
public enum TowerCatalogue {
    /// Every family, in the order in which names in official configs are tried.
    public static let all: [any TowerFamily.Type] = [
        SigLIPConfig.self,
        CLIPConfig.self,
        DINOv2WithRegistersConfig.self,
        DINOv2Config.self,
    ]

    /// The titles in a message: `A or B`.
    static var titles: String { all.map { $0.family.title }.joined(separator: " or ") }
}

/// The places of towers in a model.
enum TowerRoot {
    /// The names of the towers under `model`, in configs too.
    static let names = ["vision_tower", "vision_tower_2"]

    /// The full name of a tower's root, under which its modules are.
    static func path(_ number: Int, of tower: any TowerFamily) -> String {
        "model.\(names[number])".path(type(of: tower).family.officialRoot)
    }

    /// The scope of a tower's own modules.
    static func scope(
        _ number: Int, of tower: any TowerFamily, in model: ParameterScope
    ) -> ParameterScope {
        let place = model[names[number]]
        return type(of: tower).family.officialRoot.map { place[$0] } ?? place
    }
}

/// Sizes of an image as a tower reads it.
public struct ImageShape: Sendable, Hashable {
    /// Number of colour channels.
    public let channels: Int
    /// Number of rows of pixels.
    public let height: Int
    /// Number of columns of pixels.
    public let width: Int

    /// The largest side of an image that a tower is resized to.
    static let largestSide = 16_384

    /// Creates a shape.
    public init(channels: Int = 3, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Channels, height and width.
    public var sizes: [Int] { [channels, height, width] }
    /// Number of values of one image.
    public var valueCount: Int { channels * height * width }
}

extension [ImageShape] {
    /// Sizes of one image in a batch: those of its only block of pixels, or else the number of values of
    /// all blocks, which follow each other.
    public var sizes: [Int] { count == 1 ? self[0].sizes : [valueCount] }
    /// Number of values of one image.
    public var valueCount: Int { reduce(0) { $0 + $1.valueCount } }
}

/// The feature vectors of one image: patches in rows and columns, after other tokens.
public struct FeatureGrid: Sendable, Hashable {
    /// Rows of patches.
    public let rows: Int
    /// Columns of patches.
    public let columns: Int
    /// Number of vectors before those of the patches, such as a class token.
    public let leading: Int
    /// Width of a vector.
    public let width: Int

    /// Creates a grid.
    public init(rows: Int, columns: Int, leading: Int = 0, width: Int) {
        self.rows = rows
        self.columns = columns
        self.leading = leading
        self.width = width
    }

    /// Number of vectors.
    public var count: Int { leading + rows * columns }
}
