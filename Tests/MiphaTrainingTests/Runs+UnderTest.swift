import MiphaPretend
import MiphaTorch
import MiphaTraining

extension Trainer {
    /// A run on the device under test.
    convenience init(
        _ run: RunConfiguration, resume: Resume = .auto, group: ProcessGroup? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(run, on: .underTest, resume: resume, group: group, note: note)
    }
}

extension RunPlan {
    /// A plan of a run in main memory.
    init(
        _ run: RunConfiguration, world: Int = 1, processesHere: Int? = nil, base: Int? = nil,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(
            run, on: .cpu, world: world, processesHere: processesHere, base: base, note: note)
    }

    /// A plan of a run in main memory that counts the lengths of up to `limit` samples.
    init(
        _ run: RunConfiguration, base: Int? = nil, countingUpTo limit: Int
    ) throws {
        try self.init(run, on: .cpu, base: base, countingUpTo: limit)
    }
}
