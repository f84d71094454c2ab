/// Rules that turn the tensors of one layout into those of another, and back.
///
/// ```swift
/// let map = try WeightMap("fused to split", [
///     .split("layers.{}.qkv.{*}", TensorDivision(["q", "k", "v"].map {
///         TensorPart("layers.{}.\($0)_proj.{*}")
///     }, groups: 32)),
/// ])
/// let plan = try map.plan(checkpoint.entries.map(\.declaration))
/// try plan.forEach(checkpoint) { declaration, bytes in try writer.write(bytes) }
/// ```
///
/// Each rule works on what those before it leave; tensors that it does not match stay as they are. A
/// ``KeyMap`` translates single names of a dialect, also of tensors that are not there, and knows no
/// shapes; this one needs the whole inventory and moves elements.
public struct WeightMap: Sendable {
    /// The name of the map in messages.
    public let title: String
    /// The rules in their order.
    public let rules: [WeightRule]
    private let steps: [ExactStep]

    /// Checks and stores the rules.
    ///
    /// - Throws: `CheckpointError` when a pattern is malformed, those of a rule have different
    ///   wildcards or match the same name, or a number is not positive.
    public init(_ title: String, _ rules: [WeightRule]) throws(CheckpointError) {
        self.title = title
        self.rules = rules
        steps = try rules.map { rule throws(CheckpointError) in
            try ExactStep(rule, map: title)
        }
    }

    private init(title: String, rules: [WeightRule], steps: [ExactStep]) {
        self.title = title
        self.rules = rules
        self.steps = steps
    }

    /// The map that takes back what this one does.
    public var inverse: WeightMap {
        WeightMap(
            title: "\(title), inverse", rules: rules.reversed().map(\.inverse),
            steps: steps.reversed().map(\.inverse))
    }

    /// The outcome for these tensors, from their names, types and shapes alone.
    ///
    /// - Throws: `CheckpointError` naming the tensor, what was expected of it and what was found.
    public func plan(_ tensors: [TensorDeclaration]) throws(CheckpointError) -> WeightPlan {
        try WeightPlan(tensors, steps.map { .exact($0) }, map: title)
    }
}

/// Rules that turn the tensors of one layout into those of another, some of which may be left out:
/// there is no way back.
public struct LossyWeightMap: Sendable {
    /// The name of the map in messages.
    public let title: String
    private let steps: [WeightStep]

    /// Checks and stores the rules.
    ///
    /// - Throws: `CheckpointError` as that of ``WeightMap/init(_:_:)``.
    public init(_ title: String, _ rules: [LossyWeightRule]) throws(CheckpointError) {
        self.title = title
        steps = try rules.map { rule throws(CheckpointError) in try WeightStep(rule, map: title) }
    }

    /// The outcome for these tensors.
    ///
    /// - Throws: `CheckpointError` as that of ``WeightMap/plan(_:)``.
    public func plan(_ tensors: [TensorDeclaration]) throws(CheckpointError) -> WeightPlan {
        try WeightPlan(tensors, steps, map: title)
    }
}

extension WeightMap {
    /// The same rules, except that vectors which had to hold zeros are left out whatever they hold.
    public var losing: LossyWeightMap {
        get throws(CheckpointError) {
            try LossyWeightMap(
                title,
                rules.map { rule in
                    if case .omitZeros(let name, _) = rule { .drop(name) } else { .exact(rule) }
                })
        }
    }
}
