/// The starting point of a run.
public enum RunResume: Sendable, Equatable {
    /// From the newest whole checkpoint of the output folder, if there is one.
    case auto
    /// From the start; checkpoints of the output folder are removed.
    case never
    /// From a checkpoint folder.
    case from(String)

    /// Reads `auto`, `never`, or a folder.
    public init(parsing text: String) {
        switch text {
        case "auto": self = .auto
        case "never": self = .never
        default: self = .from(text)
        }
    }

    /// The starting point of a launcher's restart of the same job: what the job has written, once
    /// it has, which neither `never` removes nor `from` passes over again.
    ///
    /// - Parameters:
    ///   - run: the run of the job.
    ///   - job: what the launcher calls the job.
    public func again(_ run: RunConfiguration, job: String?) -> RunResume {
        job != nil && RunRecord.lastJob(in: run.outputFolder) == job ? .auto : self
    }
}
