import Foundation
import MiphaModels
import MiphaTorch

/// The files that a run writes.
public struct DiskPlan: Sendable, Equatable {
    /// Bytes of one checkpoint.
    public let checkpointBytes: Int
    /// Checkpoints that lie on disk at the same time, one under way included.
    public let checkpoints: Int
    /// Bytes of the trained model.
    public let modelBytes: Int
    /// Bytes of the model with averaged weights.
    public let averageBytes: Int
    /// The most bytes that the feature cache grows to.
    public let featureBytes: Int

    /// The most bytes that the run takes on disk.
    public var bytes: Int {
        checkpointBytes * checkpoints + modelBytes + averageBytes + featureBytes
    }

    init(
        _ run: RunConfiguration, on device: Device, _ model: PlannedRunModel, totalSteps: Int,
        pictures: Int
    ) {
        let facts = model.facts(run, on: device)
        let learned = facts.parameters.filter(\.learns)
        // With adapters a checkpoint holds these and what else learns.
        let written = facts.adapters == nil ? facts.parameters : learned
        let state = learned.reduce(0) { $0 + facts.stateBytes($1) }
        modelBytes = written.reduce(0) { $0 + $1.count * $1.width }
        averageBytes = run.averageDecay == nil ? 0 : modelBytes
        checkpointBytes = modelBytes + state
        // One more is written before the oldest goes, and the best may stay beside the newest.
        checkpoints = min(
            Self.checkpointsMade(run, totalSteps),
            run.saveLimit + 1 + (run.keepsBest ? 1 : 0))
        let grid = model.config.vision.grid
        let one = grid.count * grid.width * facts.dtype.byteCount + 32
        featureBytes =
            run.featureFolder != nil && facts.towerIsFrozen
            ? min(Int(run.featureGibibytes * 1_073_741_824), pictures * one) : 0
    }

    /// The most checkpoints that a run writes: every validation, the last one too, may find the best
    /// weights so far.
    static func checkpointsMade(_ run: RunConfiguration, _ totalSteps: Int) -> Int {
        let regular = run.saveSteps > 0 ? totalSteps / run.saveSteps : 0
        let validations = (totalSteps + run.evaluationSteps - 1) / run.evaluationSteps
        return regular + (run.keepsBest ? validations : 0)
    }

    /// Free bytes where a folder is or will be.
    public static func freeBytes(at folder: String) -> Int? {
        var path = folder
        while !FileManager.default.fileExists(atPath: path) {
            let parent = (path as NSString).deletingLastPathComponent
            guard parent != path else { return nil }
            path = parent.isEmpty ? "." : parent
        }
        let facts = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return (facts?[.systemFreeSize] as? NSNumber)?.intValue
    }
}
