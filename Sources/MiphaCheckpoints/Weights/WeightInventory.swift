import MiphaFiles

/// The tensors between two steps of a map.
struct WeightInventory {
    let map: String
    var items: [WeightItem] = []
    var omitted: [WeightItem] = []

    init(map: String) { self.map = map }

    /// The tensors that one application of a step reads, by their patterns.
    private struct Application {
        let captures: [String]
        /// Places in the inventory.
        var places: [Int?]
        var basis: Int?
    }

    mutating func apply(_ step: WeightStep) throws(CheckpointError) {
        switch step {
        case .drop(let pattern):
            items.removeAll { pattern.match(Array($0.name.utf8)) != nil }
        case .exact(let step):
            try apply(step)
            try requireUniqueNames()
        }
    }

    private mutating func apply(_ step: ExactStep) throws(CheckpointError) {
        let applications = applications(of: step)
        var isTaken = [Bool](repeating: false, count: items.count)
        var given: [Int: [WeightItem]] = [:]
        for application in applications {
            var parts: [WeightItem] = []
            for (place, pattern) in zip(application.places, step.taken) {
                guard let place else {
                    throw missing(pattern.fill(application.captures), application)
                }
                isTaken[place] = true
                parts.append(items[place])
            }
            let names = step.given.map { $0.fill(application.captures) }
            if let pattern = step.basis {
                guard let place = application.basis else {
                    throw missing(pattern.fill(application.captures), application)
                }
                let vector = try zeros(names.first ?? parts[0].name, items[place])
                if let found = parts.first {
                    try require(found, vector.declaration)
                    omitted.append(found)
                } else {
                    given[place, default: []].append(vector)
                }
            } else {
                let place = application.places.compactMap(\.self).min() ?? 0
                given[place, default: []] += try results(step.rule, parts, names)
            }
        }
        try refuse(namesOf: step, untouched: isTaken)
        items = items.indices.flatMap { place in
            (isTaken[place] ? [] : [items[place]]) + (given[place] ?? [])
        }
    }

    /// What a rule makes of its tensors.
    private func results(
        _ rule: WeightRule, _ parts: [WeightItem], _ names: [String]
    ) throws(CheckpointError) -> [WeightItem] {
        let first = parts[0]
        switch rule {
        case .rename:
            return [WeightItem(names[0], first.shape, of: first.type, first.recipe)]
        case .split(_, let division): return try split(first, division, names)
        case .fuse(let division, _): return [try fused(parts, division, names[0])]
        case .interleave(_, let heads):
            return [try rotated(first, heads: heads) { half in (2, half) }]
        case .deinterleave(_, let heads):
            return [try rotated(first, heads: heads) { half in (half, 2) }]
        case .transpose: return [try transposed(first)]
        case .omitZeros, .addZeros: return []
        }
    }

    private func applications(of step: ExactStep) -> [Application] {
        var found: [Application] = []
        var numbers: [[ExactString]: Int] = [:]
        func number(_ captures: [String]) -> Int {
            let key = captures.map { ExactString($0) }
            if let number = numbers[key] { return number }
            numbers[key] = found.count
            found.append(
                Application(
                    captures: captures, places: step.taken.map { _ in nil }, basis: nil))
            return found.count - 1
        }
        for (place, item) in items.enumerated() {
            let name = Array(item.name.utf8)
            for (position, pattern) in step.taken.enumerated() {
                guard let captures = pattern.match(name) else { continue }
                found[number(captures)].places[position] = place
            }
            if let captures = step.basis?.match(name) { found[number(captures)].basis = place }
        }
        return found
    }

    // MARK: Refusals

    func unfit(_ name: String, _ problem: String) -> CheckpointError {
        CheckpointError(
            .unfitTensor, "weight map \(map): tensor \(name.quoted): \(problem)")
    }

    private func missing(_ name: String, _ application: Application) -> CheckpointError {
        let present = (application.places + [application.basis]).compactMap(\.self)
        let others = present.map { items[$0].name.quoted }.joined(separator: ", ")
        return CheckpointError(
            .missing,
            "weight map \(map): tensor \(name.quoted): expected beside \(others), found none")
    }

    /// Refuses tensors that the step does not touch but whose names it gives: its inverse could not
    /// know that they had been there before.
    private func refuse(
        namesOf step: ExactStep, untouched isTaken: [Bool]
    ) throws(CheckpointError) {
        for (item, isTaken) in zip(items, isTaken) where !isTaken {
            let name = Array(item.name.utf8)
            if let pattern = step.given.first(where: { $0.match(name) != nil }) {
                throw unfit(
                    item.name,
                    "expected no such name before the rule that gives \(pattern.text.quoted), "
                        + "found one of shape \(item.shape)")
            }
        }
    }

    func requireUniqueNames() throws(CheckpointError) {
        var seen: Set<ExactString> = []
        for item in items where !seen.insert(ExactString(item.name)).inserted {
            throw unfit(item.name, "expected one of this name, found two")
        }
    }

    private func require(
        _ found: WeightItem, _ expected: TensorDeclaration
    ) throws(CheckpointError) {
        guard found.shape == expected.shape, found.type == expected.scalarType else {
            throw unfit(
                found.name,
                "expected \(expected.scalarType.rawValue) of shape \(expected.shape), "
                    + "found \(found.type.rawValue) of shape \(found.shape)")
        }
    }
}
