extension BatchPlan {
    /// What is counted, in the plural.
    package var unit: String { packs == nil ? "samples" : "rows" }

    /// How an update is made up.
    package var updateShape: String {
        "\(batchSize) x \(accumulation)\(world > 1 ? " on \(world) processes" : "")"
    }

    /// The updates of the run, for its first line.
    ///
    /// - Parameter unit: what samples are called, where they are not in rows.
    package func updateDescription(of samples: String) -> String {
        let unit = packs == nil ? samples : unit
        let rest = shownPerEpoch % updateSize
        let last =
            end == .kept && rest > 0 && totalSteps >= stepsPerEpoch
            ? ", the last of an epoch of \(rest)" : ""
        return "\(totalSteps) updates of \(batchSize) x \(accumulation) \(unit)"
            + "\(world > 1 ? " on \(world) processes" : "")\(last)"
    }
}
