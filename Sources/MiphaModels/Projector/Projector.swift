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

    /// Reads `identity`, `linear` or `mlp{N}x_gelu`.
    init?(_ name: String) {
        switch name {
        case "identity": self = .identity
        case "linear": self = .linear
        default:
            guard name.hasPrefix("mlp"), name.hasSuffix("x_gelu"),
                let depth = Int(name.dropFirst(3).dropLast(6)), (1...64).contains(depth)
            else { return nil }
            self = .mlp(depth: depth)
        }
    }

    /// Number of vectors that the language model gets for one image.
    ///
    /// - Parameter grid: the tower's features.
    public func tokenCount(for grid: FeatureGrid) -> Int {
        switch self {
        case .identity, .linear, .mlp: grid.count
        }
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

    /// Reads Mipha's `mm_projector` object.
    public init(_ reader: ConfigReader) throws(CheckpointError) {
        let name = try reader.string("mm_projector_type", default: "linear")
        guard let kind = ProjectorKind(name) else {
            throw reader.failure(
                "mm_projector_type", expected: "identity, linear or mlp{N}x_gelu")
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

    /// Registers the affine maps: `weight`/`bias` itself when linear, `0`, `2`, `4`, … in an MLP.
    public init(_ scope: ParameterScope, _ config: ProjectorConfig) throws {
        switch config.kind {
        case .identity: layers = []
        case .linear:
            layers = [try Linear(scope, from: config.inputSize, to: config.outputSize)]
        case .mlp(let depth):
            layers = try (0..<depth).map { index in
                try Linear(
                    scope[2 * index], from: index == 0 ? config.inputSize : config.outputSize,
                    to: config.outputSize)
            }
        }
    }

    /// Maps features.
    ///
    /// - Parameter features: `[images, patches, tower width]`.
    /// - Returns: `[images, patches, language width]`.
    public func callAsFunction(_ features: Tensor) throws(TensorError) -> Tensor {
        guard let first = layers.first else { return features }
        var state = try first(features)
        for layer in layers.dropFirst() {
            state = try layer(Functions.activate(state, .geluExact))
        }
        return state
    }
}
