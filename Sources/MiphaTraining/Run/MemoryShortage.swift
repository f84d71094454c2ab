import MiphaTorch

/// Explains that the memory of a device ran out: where, what becomes of the run, and what takes less.
struct MemoryShortage {
    private let run: RunConfiguration
    /// Number of processes that share the work.
    private let world: Int

    init(_ run: RunConfiguration, world: Int) {
        (self.run, self.world) = (run, world)
    }

    /// Does something before the first update, whose shortages are explained.
    ///
    /// - Parameter place: what is done.
    func explaining<Result>(_ place: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw explained(error, at: place, advice: adviceForState)
        }
    }

    /// The error of an update.
    ///
    /// - Parameters:
    ///   - number: the update's, from 1.
    ///   - kept: what the run goes on from, where that is not the update before.
    func explained(_ error: any Error, inUpdate number: Int, kept: String?) -> any Error {
        explained(error, at: "update \(number)", kept: kept, advice: adviceForUpdates)
    }

    private func explained(
        _ error: any Error, at place: String, kept: String? = nil, advice: [String]
    ) -> any Error {
        guard let full = error as? TensorError,
            case .deviceOutOfMemory(let device, let requested) = full.code
        else { return error }
        let less =
            advice.isEmpty ? "" : "; less is taken by \(advice.joined(separator: ", or by "))"
        return TrainingError(
            .failed,
            "\(place): the memory of \(device) is full"
                + (requested.map { " where \($0) bytes more were asked for" } ?? "")
                + " (\(full.operation))\(kept.map { "; \($0)" } ?? "")\(less); mipha plan predicts "
                + "what fits")
    }

    /// What makes weights and the optimiser's state smaller, with the same parts trained.
    private var adviceForState: [String] {
        var advice: [String] = []
        if run.moments == .float32 && (world == 1 || run.sharding == .none) {
            advice.append("optim=\(MomentFormat.eightBit.rawValue)")
        }
        if world > 1 && run.sharding != .zero3 {
            advice.append("sharding=\(ShardingMode.zero3.rawValue)")
        }
        return advice
    }

    /// What makes the passes of an update smaller.
    private var adviceForUpdates: [String] {
        var advice: [String] = []
        if run.batchSize > 1 {
            let size = (1..<run.batchSize).last { run.batchSize.isMultiple(of: $0) } ?? 1
            let smaller = "per_device_train_batch_size=\(size)"
            advice.append(
                run.optimizerInBackward
                    // It allows one micro-batch in an update only.
                    ? "\(smaller), which takes fewer samples in an update"
                    : "\(smaller) gradient_accumulation_steps="
                        + "\(run.accumulation * run.batchSize / size), which keeps the samples of an "
                        + "update")
        }
        if !run.checkpointing { advice.append("gradient_checkpointing=true") }
        return advice
    }
}
