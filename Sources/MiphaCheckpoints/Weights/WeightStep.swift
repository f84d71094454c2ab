import MiphaFiles

/// A rule of a ``WeightMap`` with its patterns read.
struct ExactStep: Sendable {
    let rule: WeightRule
    /// Patterns of the names that go.
    let taken: [KeyPattern]
    /// Patterns of the names that come.
    let given: [KeyPattern]
    /// The tensors whose rows say how many zeros there are.
    let basis: KeyPattern?

    init(_ rule: WeightRule, map: String) throws(CheckpointError) {
        func patterns(_ texts: [String]) throws(CheckpointError) -> [KeyPattern] {
            try texts.map { text throws(CheckpointError) in try KeyPattern(text, dialect: map) }
        }
        self.rule = rule
        taken = try patterns(rule.taken)
        given = try patterns(rule.given)
        switch rule {
        case .omitZeros(_, let other), .addZeros(_, let other):
            basis = try KeyPattern(other, dialect: map)
        default: basis = nil
        }
        try check(map)
    }

    private init(_ rule: WeightRule, taken: [KeyPattern], given: [KeyPattern], basis: KeyPattern?) {
        self.rule = rule
        self.taken = taken
        self.given = given
        self.basis = basis
    }

    /// The step that takes this one back.
    var inverse: ExactStep {
        ExactStep(rule.inverse, taken: given, given: taken, basis: basis)
    }

    private func check(_ map: String) throws(CheckpointError) {
        func refuse(_ reason: String) -> CheckpointError {
            CheckpointError(.invalidKeyMap, "weight map \(map): \(reason)")
        }
        let all = taken + given + (basis.map { [$0] } ?? [])
        guard let first = all.first else { throw refuse("a rule without parts") }
        for other in all where other.wildcards != first.wildcards {
            throw refuse(
                "\(first.text.quoted) and \(other.text.quoted) have different wildcards")
        }
        for side in [taken, given] {
            for (position, pattern) in side.enumerated() {
                for other in side[..<position] where pattern.overlaps(other) {
                    throw refuse(
                        "\(other.text.quoted) and \(pattern.text.quoted) match the same name")
                }
            }
        }
        var numbers: [Int] = []
        switch rule {
        case .split(_, let division), .fuse(let division, _):
            guard !division.parts.isEmpty else { throw refuse("a rule without parts") }
            guard division.axis >= 0 else { throw refuse("an axis of \(division.axis)") }
            numbers = division.parts.map(\.share) + [division.groups]
        case .interleave(_, let heads), .deinterleave(_, let heads): numbers = [heads]
        case .omitZeros(let name, _), .addZeros(let name, _):
            guard let basis, !(taken + given).contains(where: basis.overlaps) else {
                throw refuse("\(name.quoted) would be counted by its own rows")
            }
        case .rename, .transpose: break
        }
        if let wrong = numbers.first(where: { !(1...1 << 20).contains($0) }) {
            throw refuse(
                "\(first.text.quoted): expected shares and numbers of heads from 1 to \(1 << 20), "
                    + "found \(wrong)")
        }
    }
}

/// What a map does with an inventory, one after the other.
enum WeightStep: Sendable {
    case exact(ExactStep)
    case drop(KeyPattern)

    init(_ rule: LossyWeightRule, map: String) throws(CheckpointError) {
        switch rule {
        case .exact(let rule): self = .exact(try ExactStep(rule, map: map))
        case .drop(let name): self = .drop(try KeyPattern(name, dialect: map))
        }
    }
}
