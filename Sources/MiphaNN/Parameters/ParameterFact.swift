/// A part of a multimodal model that settings treat as one.
public enum ModelPart: String, Sendable, CaseIterable, Codable {
    /// The vision tower.
    case tower
    /// The map of image features into the language model.
    case projector
    /// Embeddings, decoder blocks and the norm after them.
    case language
    /// The language model's head, where it is not part of the embeddings.
    case head
}

/// The depth of a parameter within its part.
public enum ParameterDepth: Sendable, Hashable {
    /// Before the blocks, or in a part without blocks.
    case input
    /// In the block of this number, from 0.
    case block(Int)
    /// After the blocks.
    case output
}

/// A part of the model and a depth in it: what one step of the forward pass reads.
public struct ParameterPlace: Sendable, Hashable {
    /// The part.
    public let part: ModelPart
    /// The depth.
    public let depth: ParameterDepth

    /// Creates a place.
    public init(_ part: ModelPart, _ depth: ParameterDepth = .input) {
        self.part = part
        self.depth = depth
    }
}

/// The role of a parameter in its layer.
public enum ParameterRole: Sendable, Hashable {
    /// The matrix of a linear layer, or of an adapter.
    case matrix
    /// The weights of a convolution, or of another map that is not a linear layer.
    case kernel
    /// A bias, of a norm too.
    case bias
    /// The scale of a norm.
    case norm
    /// Factors of features outside a norm, as LayerScale has them.
    case scale
    /// Learned vectors: a table, or a single one.
    case embedding
    /// The row lengths that DoRA learns.
    case magnitude

    /// Whether weight decay applies: not to biases and norms, as in transformers' Trainer.
    public var isDecayed: Bool {
        switch self {
        case .matrix, .kernel, .scale, .embedding, .magnitude: true
        case .bias, .norm: false
        }
    }
}

/// The facts about a parameter, stated where its layer is built.
///
/// Training, adapters, quantisation and reports read facts; none of them looks into a name.
public struct ParameterFact: Sendable, Hashable {
    /// The full name.
    public let name: String
    /// Path of the layer that has the parameter.
    public let layer: String
    /// Its place in the model.
    public let place: ParameterPlace
    /// Its role in its layer.
    public let role: ParameterRole
    /// Whether the layer's output is added to the input of its block.
    public let endsResidual: Bool
    /// Whether the forward pass reads it; others are held for checkpoints only.
    public let isRun: Bool
    /// Its part of an adapter; `nil` for a parameter of the model's own.
    public let adapter: AdapterPlan.Part?

    package init(
        name: String, layer: String, place: ParameterPlace, role: ParameterRole,
        endsResidual: Bool = false, isRun: Bool = true, adapter: AdapterPlan.Part? = nil
    ) {
        self.name = name
        self.layer = layer
        self.place = place
        self.role = role
        self.endsResidual = endsResidual
        self.isRun = isRun
        self.adapter = adapter
    }

    /// The part of the model.
    public var part: ModelPart { place.part }
    /// Number of the block of the part; `nil` outside the blocks.
    public var block: Int? {
        if case .block(let index) = place.depth { index } else { nil }
    }
}

/// A linear layer or table that may have an adapter.
public struct AdaptableLayer: Sendable, Hashable {
    /// The path.
    public let path: String
    /// The part of the model.
    public let part: ModelPart
    /// Whether it is a table of embeddings, which only its own name selects.
    public let isTable: Bool

    /// Whether the last components of the path are `name`.
    public func isCalled(_ name: String) -> Bool { path == name || path.hasSuffix(".\(name)") }
}
