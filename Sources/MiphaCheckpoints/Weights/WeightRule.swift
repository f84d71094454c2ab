/// One part of a tensor that is cut along an axis.
public struct TensorPart: Sendable, Equatable {
    /// Pattern of the part's name, with the wildcards of the whole.
    public let name: String
    /// Size along the axis, as a multiple of what is common to all parts.
    public let share: Int

    /// Describes a part.
    public init(_ name: String, share: Int = 1) {
        self.name = name
        self.share = share
    }
}

/// How a tensor is divided into parts.
public struct TensorDivision: Sendable, Equatable {
    /// The parts in their order.
    public let parts: [TensorPart]
    /// The axis that is cut, from 0.
    public let axis: Int
    /// How often the parts follow each other along the axis: the number of heads where queries, keys
    /// and values of each head stand together.
    public let groups: Int

    /// Describes a division.
    public init(_ parts: [TensorPart], along axis: Int = 0, groups: Int = 1) {
        self.parts = parts
        self.axis = axis
        self.groups = groups
    }
}

/// One rule of a ``WeightMap``: what happens with the tensors whose names match its pattern.
///
/// Patterns are those of ``KeyRule``. Every rule has an inverse, which restores names, shapes and
/// bytes; what has none is a ``LossyWeightRule``.
public enum WeightRule: Sendable, Equatable {
    /// A tensor gets another name.
    case rename(String, to: String)
    /// A tensor becomes several.
    case split(String, TensorDivision)
    /// Several tensors of one element type become one.
    case fuse(TensorDivision, into: String)
    /// The rows of each head, whose first half is rotated with its second (`rotate_half` of
    /// transformers), are put into the order in which neighbours are rotated (GGUF's `llama`).
    case interleave(String, heads: Int)
    /// The inverse of ``interleave(_:heads:)``.
    case deinterleave(String, heads: Int)
    /// The axes of a matrix change places.
    case transpose(String)
    /// A vector that holds zeros only, one for each row of another tensor, is left out.
    case omitZeros(String, rowsOf: String)
    /// A vector of zeros is added, one for each row of another tensor, of whose element type it is.
    case addZeros(String, rowsOf: String)

    /// The rule that takes back what this one does.
    public var inverse: WeightRule {
        switch self {
        case .rename(let name, let other): .rename(other, to: name)
        case .split(let name, let division): .fuse(division, into: name)
        case .fuse(let division, let name): .split(name, division)
        case .interleave(let name, let heads): .deinterleave(name, heads: heads)
        case .deinterleave(let name, let heads): .interleave(name, heads: heads)
        case .transpose: self
        case .omitZeros(let name, let other): .addZeros(name, rowsOf: other)
        case .addZeros(let name, let other): .omitZeros(name, rowsOf: other)
        }
    }

    /// Patterns of the names that the rule takes away.
    var taken: [String] {
        switch self {
        case .rename(let name, _), .split(let name, _), .interleave(let name, _),
            .deinterleave(let name, _), .transpose(let name), .omitZeros(let name, _):
            [name]
        case .fuse(let division, _): division.parts.map(\.name)
        case .addZeros: []
        }
    }

    /// Patterns of the names that the rule gives.
    var given: [String] { inverse.taken }
}

/// One rule of a ``LossyWeightMap``.
public enum LossyWeightRule: Sendable, Equatable {
    /// A rule that can be taken back.
    case exact(WeightRule)
    /// Tensors are left out, whatever they hold.
    case drop(String)
}
