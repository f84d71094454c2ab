/// Rank, strength and kind of the adapters in the groups whose mode is `lora`.
///
/// The keys of run files and their defaults are those of Mipha's `train.py`; names of PEFT where it
/// has none.
public struct AdapterSettings: Sendable, Equatable {
    /// Rank of the update.
    public var rank = 64
    /// Numerator of the scale.
    public var alpha = 16.0
    /// Probability with which an input of an adapter is dropped in training.
    public var dropout = 0.05
    /// Names of the layers that get an adapter; `all-linear` alone stands for all.
    public var targets = [Self.allLinear]
    /// Whether the scale is `alpha / sqrt(rank)` (rsLoRA).
    public var usesRankStabilization = false
    /// Whether the length of every row is learned by itself (DoRA).
    public var usesMagnitudes = false

    /// The target that stands for all linear layers but the head.
    public static let allLinear = "all-linear"

    /// Creates the defaults.
    public init() {}
}

/// The format of the frozen matrices under adapters.
public struct BasePrecision: Sendable, Equatable {
    /// Whether in eight bits.
    public var isEightBit = false
    /// Whether in the four bits of NF4.
    public var isFourBit = false
    /// Whether the scales of NF4 are held in eight bits themselves.
    public var quantizesScales = true

    /// Creates the defaults: as they are stored.
    public init() {}
}
