import Foundation
public import MiphaFiles
public import MiphaFolders
import MiphaTorch

/// The report of a plan: lines of text, or JSON.
public struct RunPlanReport {
    private let plan: RunPlan
    private let machine: MachineMemory?
    private let own: MachineMemory?
    private let freeDisk: Int?
    private let time: TimePlan?

    /// Prepares the report of a plan.
    ///
    /// - Parameters:
    ///   - machine: the main memory there is, if known.
    ///   - own: the memory of the run's device, if it has one and that is known.
    ///   - freeDisk: free bytes where the run writes, if known.
    ///   - time: what a measurement gave, if there was one.
    public init(
        _ plan: RunPlan, machine: MachineMemory? = nil, device own: MachineMemory? = nil,
        freeDisk: Int? = nil,
        time: TimePlan? = nil
    ) {
        self.plan = plan
        self.machine = machine
        self.own = own
        self.freeDisk = freeDisk
        self.time = time
    }

    /// The memory that the run has to fit into, if known: that of the device, or main memory.
    public var limit: MachineMemory? { plan.share.limit(machine, device: own) }

    /// Whether the prediction is nearer to that limit than it is exact.
    public var isNear: Bool {
        limit.map { Double(plan.peakBytesHere) > Double($0.available) * RunPlan.nearShare } ?? false
    }

    /// The plan as JSON.
    ///
    /// - Throws: what ``RunPlan/proposals(limit:)`` throws, where the run does not fit.
    public func json() throws -> JSONObject {
        var object = facts
        func described(_ memory: MachineMemory) -> JSONValue {
            ["bytes": .integer(memory.available), "source": .string(memory.source)]
        }
        if let own { object["device_memory_limit"] = described(own) }
        let fitting = limit
        guard let machine = machine ?? (plan.device.sharesMainMemory ? own : nil) else {
            return object
        }
        object["memory_limit"] = described(machine)
        object["fits"] = .bool(
            plan.peakBytesHere <= fitting?.available ?? .max
                && plan.hostBytesHere <= machine.available
                && plan.disk.bytes <= freeDisk ?? .max)
        if let fitting, plan.peakBytesHere > fitting.available {
            object["proposals"] = .array(
                try plan.proposals(for: fitting).map {
                    [
                        "settings": .array($0.settings.map { .string($0) }),
                        "peak_bytes": .integer($0.memory.peak.bytes),
                        "peak_bytes_here": .integer(plan.share.bytes($0.memory)),
                    ]
                })
        }
        if let freeDisk { object["free_disk_bytes"] = .integer(freeDisk) }
        if let time {
            object["time"] = [
                "seconds_per_update": .double(time.secondsPerUpdate),
                "seconds": .double(time.seconds), "probe_seconds": .double(time.probeSeconds),
            ]
        }
        return object
    }

    private var facts: JSONObject {
        let disk = plan.disk
        return [
            "run": .object(plan.run.json),
            "samples": .integer(plan.sampleCount), "updates": .integer(plan.totalSteps),
            "notes": .array(plan.notes.map { .string($0) }),
            "epochs": .double(plan.epochs), "warmup_updates": .integer(plan.warmupSteps),
            "tokens": .integer(plan.tokens),
            "tokens_are": .string(plan.tokensAreCounted ? "counted" : "estimated"),
            "trainable_parameters": .integer(plan.model.learningCount),
            "processes": .integer(plan.world), "processes_here": .integer(plan.processesHere),
            "memory": .object(memoryFacts),
            "disk": .object([
                "bytes": .integer(disk.bytes), "checkpoint_bytes": .integer(disk.checkpointBytes),
                "checkpoints": .integer(disk.checkpoints),
                "model_bytes": .integer(disk.modelBytes),
                "average_bytes": .integer(disk.averageBytes),
                "feature_cache_bytes": .integer(disk.featureBytes),
            ]),
        ]
    }

    private var memoryFacts: JSONObject {
        let memory = plan.memory
        var object: JSONObject = [
            "peak_bytes": .integer(memory.peak.bytes),
            "peak_bytes_here": .integer(plan.peakBytesHere),
            "peak_phase": .string(memory.peak.phase.rawValue),
            "phases": .object(
                JSONObject(
                    memory.phases.map {
                        .init(key: $0.phase.rawValue, value: .integer($0.bytes))
                    })),
            "parts": .object(
                JSONObject(
                    memory.parts.map { .init(key: $0.name, value: .integer($0.bytes)) })),
        ]
        if let host = memory.hostBytes {
            object["device"] = .string(plan.device.description)
            object["host_bytes"] = .integer(host)
            object["pinned_bytes"] = .integer(memory.pinnedBytes)
            object["host_bytes_here"] = .integer(plan.hostBytesHere)
        }
        return object
    }

    /// The plan in lines of text.
    public var lines: [String] {
        let (memory, disk) = (plan.memory, plan.disk)
        let rate = plan.tokensAreCounted ? "counted" : "estimated from words"
        var lines = [
            "\(plan.run.stage.rawValue): \(plan.sampleCount) samples, \(plan.updates), "
                + "\(String(format: "%.2f", plan.epochs)) epochs, \(plan.warmupSteps) updates of "
                + "warm-up, \(plan.run.dtype.rawValue)",
            "\(TrainingPlan.grouped(plan.tokens)) tokens (\(rate), pictures included)",
        ]
        lines += plan.table + plan.notes.map { "note: \($0)" }
        let place = memory.hostBytes == nil ? "" : " on \(plan.device)"
        lines.append("memory of one process\(place), predicted:")
        lines += memory.parts.map { "  \(Self.column($0.name)) \(Self.gigabytes($0.bytes))" }
        lines.append("  largest in the phase")
        lines += memory.phases.map {
            "    \(Self.column($0.phase.rawValue, width: 24)) \(Self.gigabytes($0.bytes))"
                + ($0 == memory.peak ? "  <- peak" : "")
        }
        lines += hostLines
        if plan.share.sharers > 1 {
            lines.append(
                "memory of \(plan.share.sharers) processes on this machine: up to "
                    + RunPlan.size(plan.peakBytesHere))
        }
        lines.append(
            "disk: \(Self.gigabytes(disk.bytes)) at most: \(disk.checkpoints) checkpoints of "
                + "\(Self.gigabytes(disk.checkpointBytes)), the model "
                + "\(Self.gigabytes(disk.modelBytes))"
                + (disk.averageBytes > 0
                    ? ", its average \(Self.gigabytes(disk.averageBytes))" : "")
                + (disk.featureBytes > 0
                    ? ", the feature cache \(Self.gigabytes(disk.featureBytes))" : ""))
        if let freeDisk { lines[lines.count - 1] += "; \(RunPlan.size(freeDisk)) are free" }
        if let own {
            lines.append(
                "memory of \(plan.device) is: \(RunPlan.size(own.available)) \(own.source)")
        }
        if let machine {
            lines.append("memory there is: \(RunPlan.size(machine.available)) \(machine.source)")
        }
        if let time {
            lines.append(
                "time: about \(Self.duration(time.seconds)), "
                    + "\(String(format: "%.2f", time.secondsPerUpdate)) s an update, scaled up from "
                    + "one block of each kind measured for "
                    + "\(String(format: "%.1f", time.probeSeconds)) s; without waits and checkpoints"
            )
        }
        return lines
    }

    /// What the run takes of main memory beside that of a device.
    private var hostLines: [String] {
        guard let host = plan.memory.hostBytes else { return [] }
        let all =
            plan.processesHere > 1
            ? ", of \(plan.processesHere) on this machine \(RunPlan.size(plan.hostBytesHere))" : ""
        let pinned = plan.memory.pinnedBytes
        let lines = [
            "main memory of one process: \(RunPlan.size(host))\(all)"
                + (pinned > 0 ? ", \(RunPlan.size(pinned)) of a process pinned" : "")
        ]
        guard plan.device.sharesMainMemory else { return lines }
        return lines + [
            "together, since the memory of \(plan.device) is main memory: "
                + RunPlan.size(plan.peakBytesHere)
        ]
    }

    private static func duration(_ seconds: Double) -> String {
        let minutes = seconds / 60
        if minutes < 1 { return "\(Int(seconds.rounded(.up))) s" }
        if minutes < 60 { return String(format: "%.1f min", minutes) }
        return String(format: "%.1f h", minutes / 60)
    }

    private static func column(_ text: String, width: Int = 26) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func gigabytes(_ bytes: Int) -> String {
        String(format: "%8.3f GB", Double(bytes) / 1e9)
    }
}
