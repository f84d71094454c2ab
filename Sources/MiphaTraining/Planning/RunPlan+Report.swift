import Foundation
public import MiphaFiles
import MiphaTorch

extension RunPlan {
    /// The plan as JSON.
    public var json: JSONObject {
        [
            "run": .object(run.json),
            "samples": .integer(sampleCount), "updates": .integer(totalSteps),
            "epochs": .double(epochs), "warmup_updates": .integer(warmupSteps),
            "tokens": .integer(tokens),
            "tokens_are": .string(tokensAreCounted ? "counted" : "estimated"),
            "trainable_parameters": .integer(model.learningCount),
            "memory": .object([
                "peak_bytes": .integer(memory.peak.bytes),
                "peak_phase": .string(memory.peak.phase.rawValue),
                "phases": .object(
                    JSONObject(
                        memory.phases.map {
                            .init(key: $0.phase.rawValue, value: .integer($0.bytes))
                        })),
                "parts": .object(
                    JSONObject(
                        memory.parts.map { .init(key: $0.name, value: .integer($0.bytes)) })),
            ]),
            "disk": .object([
                "bytes": .integer(disk.bytes), "checkpoint_bytes": .integer(disk.checkpointBytes),
                "checkpoints": .integer(disk.checkpoints),
                "model_bytes": .integer(disk.modelBytes),
                "average_bytes": .integer(disk.averageBytes),
                "feature_cache_bytes": .integer(disk.featureBytes),
            ]),
        ]
    }

    /// The plan in lines of text.
    public var lines: [String] {
        let rate = tokensAreCounted ? "counted" : "estimated from words"
        var lines = [
            "\(run.stage.rawValue): \(sampleCount) samples, \(totalSteps) updates of "
                + "\(run.batchSize) x \(run.accumulation) samples, "
                + "\(String(format: "%.2f", epochs)) epochs, \(warmupSteps) updates of warm-up, "
                + "\(run.dtype.rawValue)",
            "\(TrainingPlan.grouped(tokens)) tokens (\(rate), pictures included)",
        ]
        lines += table
        lines.append("memory of one process, predicted:")
        lines += memory.parts.map { "  \(Self.column($0.name)) \(Self.gigabytes($0.bytes))" }
        lines.append("  largest in the phase")
        lines += memory.phases.map {
            "    \(Self.column($0.phase.rawValue, width: 24)) \(Self.gigabytes($0.bytes))"
                + ($0 == memory.peak ? "  <- peak" : "")
        }
        lines.append(
            "disk: \(Self.gigabytes(disk.bytes)) at most: \(disk.checkpoints) checkpoints of "
                + "\(Self.gigabytes(disk.checkpointBytes)), the model "
                + "\(Self.gigabytes(disk.modelBytes))"
                + (disk.averageBytes > 0 ? ", its average \(Self.gigabytes(disk.averageBytes))" : "")
                + (disk.featureBytes > 0
                    ? ", the feature cache \(Self.gigabytes(disk.featureBytes))" : ""))
        return lines
    }

    private static func column(_ text: String, width: Int = 26) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func gigabytes(_ bytes: Int) -> String {
        String(format: "%8.3f GB", Double(bytes) / 1e9)
    }
}
