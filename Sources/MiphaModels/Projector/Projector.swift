public import MiphaCheckpoints
import MiphaFiles
public import MiphaNN
public import MiphaTorch

/// Kind of map between the tower and the language model.
public enum ProjectorKind: Sendable, Equatable {
    /// No map; widths must be equal.
    case identity
    /// One affine map.
    case linear
    /// `depth` affine maps with exact GELU between.
    case mlp(depth: Int)
    /// Squares of patches become one vector each, then follow `depth` affine maps.
    case reduced(TokenReduction, depth: Int)

    /// What ``init(_:)`` reads, for messages.
    static let names =
        "identity, linear, mlp{N}x_gelu, pixel_shuffle{R}_mlp{N}x_gelu or avg_pool{R}_mlp{N}x_gelu"

    /// Reads one of ``names``, `N` from 1 to 64 and `R` from 2 to 16.
    init?(_ name: String) {
        switch name {
        case "identity": self = .identity
        case "linear": self = .linear
        default:
            let parts = name.split(
                separator: "_mlp", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 1, let depth = Self.depth(name) {
                self = .mlp(depth: depth)
            } else if parts.count == 2, let reduction = TokenReduction(String(parts[0])),
                let depth = Self.depth("mlp\(parts[1])")
            {
                self = .reduced(reduction, depth: depth)
            } else {
                return nil
            }
        }
    }

    /// `N` of `mlp{N}x_gelu`.
    private static func depth(_ name: String) -> Int? {
        guard name.hasPrefix("mlp"), name.hasSuffix("x_gelu"),
            let depth = Int(name.dropFirst(3).dropLast(6)), (1...64).contains(depth),
            name == "mlp\(depth)x_gelu"
        else { return nil }
        return depth
    }

    /// How patches are put together; `nil`: they are not.
    public var reduction: TokenReduction? {
        if case .reduced(let reduction, _) = self { reduction } else { nil }
    }

    /// Number of vectors that the language model gets for one image.
    ///
    /// - Parameter grid: the tower's features.
    public func tokenCount(for grid: FeatureGrid) -> Int {
        reduction.map { grid.rows / $0.side * (grid.columns / $0.side) } ?? grid.count
    }

    /// Whether the class that reads a layout builds this map; that of transformers has two layers.
    func fits(_ layout: CheckpointLayout) -> Bool {
        switch layout {
        case .mipha: true
        case .llava: self == .mlp(depth: 2)
        }
    }

    /// The name in `mm_projector_type`.
    public var name: String {
        switch self {
        case .identity: "identity"
        case .linear: "linear"
        case .mlp(let depth): "mlp\(depth)x_gelu"
        case .reduced(let reduction, let depth): "\(reduction.name)_mlp\(depth)x_gelu"
        }
    }
}

/// Shape of the projector.
public struct ProjectorConfig: Sendable, Equatable {
    /// Kind of map.
    public var kind: ProjectorKind
    /// Width of the tower's features.
    public var inputSize: Int
    /// Width of the language model.
    public var outputSize: Int

    /// Creates a config.
    public init(kind: ProjectorKind = .mlp(depth: 2), inputSize: Int, outputSize: Int) {
        self.kind = kind
        self.inputSize = inputSize
        self.outputSize = outputSize
    }

    /// What hinders the projector from mapping such features, in words; `nil`: nothing.
    func problem(with grid: FeatureGrid) -> String? {
        guard let reduction = kind.reduction else { return nil }
        if grid.leading > 0 {
            return "\(kind.name) puts patches together, but the tower's features begin with "
                + "\(grid.leading) that are no patches; select patches only"
        }
        guard grid.rows % reduction.side == 0, grid.columns % reduction.side == 0 else {
            return "\(kind.name) needs rows and columns of patches that \(reduction.side) divides, "
                + "and the tower has \(grid.rows) x \(grid.columns)"
        }
        return nil
    }

    /// Reads Mipha's `mm_projector` object.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        let name = try reader.string("mm_projector_type", default: "linear")
        guard let kind = ProjectorKind(name) else {
            throw reader.failure(
                "mm_projector_type", expected: ProjectorKind.names)
        }
        self.init(
            kind: kind, inputSize: try reader.int("mm_hidden_size", default: 768),
            outputSize: try reader.int("hidden_size", default: 2560))
    }

    var json: JSONObject {
        [
            "mm_projector_type": .string(kind.name), "mm_hidden_size": .integer(inputSize),
            "hidden_size": .integer(outputSize), "model_type": "mipha_projector",
        ]
    }
}

/// Maps patch features into the language model's embedding space.
public struct Projector {
    let layers: [Linear]
    let reduction: TokenReduction?
    let grid: FeatureGrid

    /// Registers the affine maps: `weight`/`bias` itself when linear, `0`, `2`, `4`, … in an MLP.
    ///
    /// - Parameter grid: the tower's features.
    /// - Throws: `ParameterError` for features that the projector cannot put together.
    public init(
        _ scope: ParameterScope, _ config: ProjectorConfig, grid: FeatureGrid
    ) throws {
        if let problem = config.problem(with: grid) { throw ParameterError(problem) }
        self.grid = grid
        reduction = config.kind.reduction
        let input = config.inputSize * (reduction?.widening ?? 1)
        switch config.kind {
        case .identity: layers = []
        case .linear:
            layers = [try Linear(scope, from: input, to: config.outputSize)]
        case .mlp(let depth), .reduced(_, let depth):
            layers = try (0..<depth).map { index in
                try Linear(
                    scope[2 * index], from: index == 0 ? input : config.outputSize,
                    to: config.outputSize)
            }
        }
    }

    /// Maps features.
    ///
    /// - Parameter features: `[images, patches, tower width]`.
    /// - Returns: `[images, tokens, language width]`, as many tokens as patches unless patches are put
    ///   together.
    public func callAsFunction(_ features: Tensor) throws(TensorError) -> Tensor {
        guard let first = layers.first else { return features }
        let reduced = try reduction?(features, rows: grid.rows, columns: grid.columns)
        var state = try first(reduced ?? features)
        for layer in layers.dropFirst() {
            state = try layer(Functions.activate(state, .geluExact))
        }
        return state
    }
}
