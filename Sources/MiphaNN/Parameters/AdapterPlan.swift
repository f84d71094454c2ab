/// The linear layers that get a low-rank adapter, and its kind.
///
/// A layer adds `scale * B A x` to its output, with `A` `[rank, in]` and `B` `[out, rank]`
/// (LoRA, arXiv 2106.09685). Names, start values and arithmetic are those of PEFT.
public struct AdapterPlan: Sendable, Equatable {
    /// The layers within the plan's parts that are adapted.
    public enum Targets: Sendable, Equatable {
        /// All linear ones.
        case allLinear
        /// Layers whose path ends in one of these names, such as `q_proj` or `mlp.fc1`.
        case names([String])
        /// Exactly these paths, each perhaps with a rank and an alpha of its own.
        case layers([String: Strength])

        /// Reads a list of names; `all-linear` stands for all.
        public init(_ names: [String]) {
            self = names == ["all-linear"] ? .allLinear : .names(names)
        }
    }

    /// Rank and alpha of one layer.
    public struct Strength: Sendable, Hashable {
        /// Rank of the update.
        public var rank: Int
        /// Numerator of the scale.
        public var alpha: Double

        /// Creates a strength.
        public init(rank: Int, alpha: Double) {
            self.rank = rank
            self.alpha = alpha
        }
    }

    /// Rank of the update.
    public var rank: Int
    /// Numerator of the scale.
    public var alpha: Double
    /// Probability with which an input of `A` is dropped in training.
    public var dropout: Double
    /// The layers that are adapted.
    public var targets: Targets
    /// Parts of the model whose layers are considered, unless the targets are exact paths.
    public var parts: Set<ModelPart>
    /// Whether the scale is `alpha / sqrt(rank)` (rsLoRA, arXiv 2312.03732) instead of
    /// `alpha / rank`.
    public var usesRankStabilization: Bool
    /// Whether the length of every row of the sum is learned by itself (DoRA, arXiv 2402.09353).
    public var usesMagnitudes: Bool
    /// Seed of the start values of `A`.
    public var seed: UInt64

    /// Creates a plan; the defaults are those of Mipha's `train.py`.
    public init(
        rank: Int = 64, alpha: Double = 16, dropout: Double = 0.05, targets: Targets = .allLinear,
        parts: Set<ModelPart> = [.language],
        usesRankStabilization: Bool = false, usesMagnitudes: Bool = false, seed: UInt64 = 42
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.parts = parts
        self.usesRankStabilization = usesRankStabilization
        self.usesMagnitudes = usesMagnitudes
        self.seed = seed
    }

    /// Whether the targets are exact paths, as those of an adapter that was read from a folder.
    var namesEveryLayer: Bool {
        if case .layers = targets { true } else { false }
    }

    /// Rank and alpha of a layer; `nil` when it is not adapted.
    func strength(at layer: AdaptableLayer) -> Strength? {
        switch targets {
        case .layers(let layers): return layers[layer.path]
        case .allLinear: if layer.isTable { return nil }
        case .names(let names): if !names.contains(where: layer.isCalled) { return nil }
        }
        return parts.contains(layer.part) ? Strength(rank: rank, alpha: alpha) : nil
    }

    /// The factor of `B A x`.
    func scale(_ strength: Strength) -> Double {
        let rank = Double(strength.rank)
        return strength.alpha / (usesRankStabilization ? rank.squareRoot() : rank)
    }

    /// Checks the numbers.
    ///
    /// - Throws: `ParameterError` naming the value that cannot be.
    func check() throws(ParameterError) {
        func problem(_ what: String, _ expected: String, _ found: Any) -> ParameterError {
            ParameterError("adapter: \(what): expected \(expected), found \(found)")
        }
        var strengths = [Strength(rank: rank, alpha: alpha)]
        switch targets {
        case .allLinear: break
        case .names(let names):
            guard !names.isEmpty else {
                throw problem("targets", "names of layers or all-linear", "none")
            }
        case .layers(let layers):
            guard !layers.isEmpty else { throw problem("targets", "paths of layers", "none") }
            strengths = Array(layers.values)
        }
        for strength in strengths {
            guard (1...1 << 16).contains(strength.rank) else {
                throw problem("rank", "a number from 1 to \(1 << 16)", strength.rank)
            }
            guard strength.alpha.isFinite else {
                throw problem("alpha", "a number", strength.alpha)
            }
        }
        guard (0..<1).contains(dropout) else {
            throw problem("dropout", "a probability below 1", dropout)
        }
    }
}
