public import MiphaFolders
public import MiphaTorch

extension RunPlan {
    /// Settings under which a run fits, with the same number of samples in an update.
    public struct Proposal: Sendable, Equatable {
        /// Keys of the run file and their values.
        public let settings: [String]
        /// The memory they lead to.
        public let memory: MemoryPlan
    }

    /// The part of a limit that predictions may fill before they are reported as near it: they were
    /// found to be within a tenth of what runs take.
    static let nearShare = 0.9

    /// Changes of the run that fit into `limit` bytes, the mildest first.
    ///
    /// Each kind of change comes with the largest micro-batch that fits beside it. Those that
    /// change what is computed (element type, precision of moments) come last.
    ///
    /// - Throws: `TrainingError` that names the settings whose memory cannot be predicted.
    public func proposals(limit: Int) throws -> [Proposal] {
        // Going through the data takes longest, and depends on the size alone.
        var surveys: [Int: BatchSurvey] = [:]
        return try proposals(limit: limit) { other in
            let survey = surveys[other.batchSize] ?? survey(of: other)
            surveys[other.batchSize] = survey
            return try memory(of: other, survey)
        }
    }

    /// Changes that leave some of a machine's memory free, as predictions are not exact.
    func proposals(for machine: MachineMemory) throws -> [Proposal] {
        try proposals(limit: Int(Double(machine.available) * Self.nearShare))
    }

    /// - Parameter memory: what predicts the memory under other settings.
    package func proposals(
        limit: Int, predictedBy memory: (RunConfiguration) throws -> MemoryPlan
    ) throws -> [Proposal] {
        var found: [Proposal] = []
        for (settings, change) in changes {
            var other = run
            change(&other)
            // No micro-batch helps where weights and optimiser alone are too much.
            let state = model.facts(other, on: device, world: world).stateBytes
            guard isAccepted(other), state * share.sharers <= limit else { continue }
            for size in microBatches where size == run.batchSize || !other.optimizerInBackward {
                other.batchSize = size
                other.accumulation = run.batchSize * run.accumulation / size
                let all = settings + batchSettings(other)
                let predicted = try prediction(of: other, all, memory)
                guard share.bytes(predicted) <= limit else { continue }
                if !all.isEmpty { found.append(Proposal(settings: all, memory: predicted)) }
                break
            }
        }
        return found
    }

    private func prediction(
        of other: RunConfiguration, _ settings: [String],
        _ memory: (RunConfiguration) throws -> MemoryPlan
    ) throws(TrainingError) -> MemoryPlan {
        do {
            return try memory(other)
        } catch {
            let change = settings.isEmpty ? "the run" : settings.joined(separator: " ")
            throw TrainingError(
                .failed, "the memory of \(change) cannot be predicted: \(error)")
        }
    }

    /// Whether the settings of a change exclude none of the run's.
    private func isAccepted(_ other: RunConfiguration) -> Bool {
        do {
            try other.validate(worldSize: world)
            return true
        } catch {
            return false
        }
    }

    private func batchSettings(_ other: RunConfiguration) -> [String] {
        guard other.batchSize != run.batchSize else { return [] }
        return [
            "per_device_train_batch_size=\(other.batchSize)",
            "gradient_accumulation_steps=\(other.accumulation)",
        ]
    }

    /// The sizes that an update's samples divide into, up to that of the run, falling.
    private var microBatches: [Int] {
        let all = run.batchSize * run.accumulation
        return (1...run.batchSize).filter { all % $0 == 0 }.reversed()
    }

    /// Whether nothing in the run needs all gradients at once.
    private var canUpdateInBackward: Bool {
        run.accumulation == 1 && run.maximumGradientNorm == 0 && run.nonFinite == .stop
            && world == 1
    }

    private typealias Change = (settings: [String], apply: (inout RunConfiguration) -> Void)

    private var changes: [Change] {
        var changes: [Change] = [([], { _ in })]
        if !run.checkpointing {
            changes.append((["gradient_checkpointing=true"], { $0.checkpointing = true }))
        }
        if !run.optimizerInBackward && canUpdateInBackward {
            changes.append((["optimizer_in_backward=true"], { $0.optimizerInBackward = true }))
            changes.append(
                (
                    ["optimizer_in_backward=true", "gradient_checkpointing=true"],
                    {
                        $0.optimizerInBackward = true
                        $0.checkpointing = true
                    }
                ))
        }
        if world > 1 {
            for mode in ShardingMode.allCases.drop(while: { $0 != run.sharding }).dropFirst() {
                changes.append((["sharding=\(mode.rawValue)"], { $0.sharding = mode }))
            }
        }
        if device == .cpu && run.savesInBackground && DiskPlan.checkpointsMade(run, totalSteps) > 0
        {
            changes.append((["background_saves=false"], { $0.savesInBackground = false }))
        }
        if device == .cpu && run.moments == .float32 && (world == 1 || run.sharding == .none) {
            changes.append(
                (
                    ["optim=adamw_8bit", "gradient_checkpointing=true"],
                    {
                        $0.moments = .eightBit
                        $0.checkpointing = true
                    }
                ))
        }
        if run.dtype == .float32 {
            changes.append(
                (
                    ["dtype=bfloat16", "gradient_checkpointing=true"],
                    {
                        $0.dtype = .bfloat16
                        $0.checkpointing = true
                    }
                ))
        }
        return changes
    }

    /// Checks the limits of what there is.
    ///
    /// - Parameter own: the memory of the device, where the run has one that is known.
    /// - Throws: `TrainingError` that says what is missing and what would fit.
    public func requireFit(
        _ machine: MachineMemory?, device own: MachineMemory? = nil, disk free: Int? = nil
    ) throws {
        if let free, disk.bytes > free {
            throw TrainingError(
                .failed,
                "\(run.outputFolder): the run writes up to \(Self.size(disk.bytes)), and "
                    + "\(Self.size(free)) are free; keep fewer checkpoints (save_total_limit), or "
                    + "choose another output_dir")
        }
        if memory.hostBytes != nil, !device.sharesMainMemory, let machine,
            hostBytesHere > machine.available
        {
            throw TrainingError(
                .failed,
                "beside the memory of \(device) the run would take \(Self.size(hostBytesHere)) of main "
                    + "memory, and \(Self.size(machine.available)) are \(machine.source); "
                    + "--set background_saves=false writes checkpoints without a copy of the state")
        }
        let peak = memory.peak
        guard let machine = share.limit(machine, device: own), peakBytesHere > machine.available
        else { return }
        let parts =
            (share.sharers > 1
                ? "\(share.sharers) processes of up to \(Self.size(peakBytesHere / share.sharers)) each, "
                : "")
            + (device.sharesMainMemory
                ? "\(Self.size(hostBytesHere)) of it beside the tensors, " : "")
        throw TrainingError(
            .failed,
            "the run would take \(Self.size(peakBytesHere)) (\(parts)in the phase "
                + "\(peak.phase.rawValue)), and "
                + "\(Self.size(machine.available)) are \(machine.source); "
                + hint { try proposals(for: machine) })
    }

    /// Advice for a run that does not fit.
    ///
    /// - Parameter fitting: gives what would fit; where that fails, the reason is reported.
    package func hint(_ fitting: () throws -> [Proposal]) -> String {
        let found: [Proposal]
        do {
            found = try fitting()
        } catch {
            return "what would fit is not known: \(error)"
        }
        guard !found.isEmpty else {
            return
                "no smaller micro-batch fits either; train fewer groups, or choose a smaller model"
        }
        let listed = found.map {
            "\($0.settings.map { "--set \($0)" }.joined(separator: " ")) "
                + "(\(Self.size(share.bytes($0.memory))))"
        }
        return "these fit with the same samples in an update: \(listed.joined(separator: "; "))"
    }

    static func size(_ bytes: Int) -> String {
        let tenths = (bytes + 50_000_000) / 100_000_000
        return bytes < 1_000_000_000
            ? "\((bytes + 500_000) / 1_000_000) MB" : "\(tenths / 10).\(tenths % 10) GB"
    }

    /// Refuses a run whose weights, master weights, moments and averages alone do not fit.
    ///
    /// Cheap: only configs and headers of weight files are read.
    ///
    /// - Parameters:
    ///   - device: where the model is to be.
    ///   - world: processes that share the run.
    ///   - processesHere: those of them on this machine; `nil`: all.
    ///   - memory: that of the machine, or of the device.
    /// - Throws: `TrainingError` when there is no room for them.
    public static func requireRoomForState(
        _ run: RunConfiguration, on device: Device, world: Int = 1, processesHere: Int? = nil,
        _ memory: MachineMemory
    ) throws {
        let own = try PlannedRunModel(run, run.openModel(), needsFiles: true)
            .facts(run, on: device, world: world).stateBytes
        let bytes = own * MachineShare(device: device, processes: processesHere ?? world).sharers
        guard bytes > memory.available else { return }
        throw TrainingError(
            .failed,
            "weights and optimiser \(bytes > own ? "of all processes here " : "")alone take "
                + "\(size(bytes)), and \(size(memory.available)) are "
                + "\(memory.source); mipha plan says what would fit, --ignore-memory goes on anyway"
        )
    }
}
