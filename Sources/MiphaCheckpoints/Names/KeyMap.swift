import MiphaFiles

/// One rule of a ``KeyMap``.
///
/// In patterns `{}` stands for an index (digits without leading zero) and a final `{*}` for any
/// non-empty rest of the name.
public enum KeyRule: Sendable, Equatable {
    /// Names of the first pattern become names of the second, with the same wildcards in the same
    /// order.
    case rename(String, to: String)
    /// Names that stay as they are.
    case keep(String)
    /// Names that are left out on purpose.
    case drop(String)
}

/// What a ``KeyMap`` says about an external name.
public enum KeyMatch: Sendable, Equatable {
    /// The canonical name.
    case name(String)
    /// The tensor is left out on purpose.
    case dropped
    /// No rule knows the name.
    case unknown
}

/// The names of a checkpoint dialect, to canonical names and back.
///
/// ```swift
/// let map = try KeyMap(dialect: "original mipha", rules: [
///     .rename("model.layers.{}.mlp.{*}", to: "language.layers.{}.mlp.{*}"),
///     .drop("model.layers.{}.mlp.rotary.{*}"),
///     .keep("lm_head.{*}"),
/// ])
/// ```
///
/// No name may match two rules, with one exception: a `drop` that lies wholly inside another rule
/// is an exception to it. No canonical name may come from two rules. So both directions are
/// functions, and each undoes the other.
public struct KeyMap: Sendable {
    private struct Renaming: Sendable {
        let external: KeyPattern
        let canonical: KeyPattern
    }

    /// The name of the dialect in messages.
    public let dialect: String
    private let renamings: [Renaming]
    private let drops: [KeyPattern]

    /// Checks and stores the rules.
    ///
    /// - Throws: `CheckpointError` when a pattern is malformed, the wildcards of a renaming differ,
    ///   or two rules match the same name, naming both.
    public init(dialect: String, rules: [KeyRule]) throws(CheckpointError) {
        var renamings: [Renaming] = []
        var drops: [KeyPattern] = []
        for rule in rules {
            switch rule {
            case .rename(let external, let canonical):
                let renaming = Renaming(
                    external: try KeyPattern(external, dialect: dialect),
                    canonical: try KeyPattern(canonical, dialect: dialect))
                guard renaming.external.wildcards == renaming.canonical.wildcards else {
                    throw CheckpointError(
                        .invalidKeyMap,
                        "key map \(dialect): \(external.quoted) and \(canonical.quoted) have "
                            + "different wildcards")
                }
                renamings.append(renaming)
            case .keep(let name):
                let pattern = try KeyPattern(name, dialect: dialect)
                renamings.append(Renaming(external: pattern, canonical: pattern))
            case .drop(let name):
                drops.append(try KeyPattern(name, dialect: dialect))
            }
        }
        try Self.checkApart(renamings.map(\.external), dialect, "match the same external name")
        try Self.checkApart(renamings.map(\.canonical), dialect, "give the same canonical name")
        try Self.checkApart(drops, dialect, "drop the same name")
        for drop in drops {
            for renaming in renamings where drop.overlaps(renaming.external) {
                guard drop.isContained(in: renaming.external),
                    !renaming.external.isContained(in: drop)
                else {
                    throw CheckpointError(
                        .invalidKeyMap,
                        "key map \(dialect): the dropped \(drop.text.quoted) is no exception "
                            + "inside \(renaming.external.text.quoted), yet a name matches both")
                }
            }
        }
        self.dialect = dialect
        self.renamings = renamings
        self.drops = drops
    }

    /// Translates the name of a tensor in a checkpoint of this dialect.
    public func canonical(_ external: String) -> KeyMatch {
        let bytes = Array(external.utf8)
        if drops.contains(where: { $0.match(bytes) != nil }) { return .dropped }
        for renaming in renamings {
            if let captures = renaming.external.match(bytes) {
                return .name(renaming.canonical.fill(captures))
            }
        }
        return .unknown
    }

    /// The name in this dialect of a canonical name, or nil when no tensor of the dialect is
    /// called so.
    public func external(_ canonical: String) -> String? {
        let bytes = Array(canonical.utf8)
        for renaming in renamings {
            if let captures = renaming.canonical.match(bytes) {
                let external = renaming.external.fill(captures)
                let isDropped = drops.contains { $0.match(Array(external.utf8)) != nil }
                return isDropped ? nil : external
            }
        }
        return nil
    }

    private static func checkApart(
        _ patterns: [KeyPattern], _ dialect: String, _ problem: String
    ) throws(CheckpointError) {
        for (position, pattern) in patterns.enumerated() {
            for other in patterns[..<position] where pattern.overlaps(other) {
                throw CheckpointError(
                    .invalidKeyMap,
                    "key map \(dialect): \(other.text.quoted) and \(pattern.text.quoted) "
                        + problem)
            }
        }
    }
}
