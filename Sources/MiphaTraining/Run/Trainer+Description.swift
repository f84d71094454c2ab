import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    /// What the run will train, with parameter counts, in a few lines.
    public var description: [String] {
        let parts = [
            ("vision tower", "model.vision_tower."), ("projector", "model.mm_projector."),
            ("language model", "model."), ("head", "lm_head."),
        ]
        let learning = Set(trainable)
        var counts = parts.map { (name: $0.0, all: 0, learning: 0) }
        for (name, tensor) in model.store.parameters {
            guard let part = parts.firstIndex(where: { name.hasPrefix($0.1) }) else { continue }
            counts[part].all += tensor.elementCount
            if learning.contains(name) { counts[part].learning += tensor.elementCount }
        }
        let table = counts.map { "  \($0.name): \($0.learning) of \($0.all) parameters learn" }
        let start = firstStep > 0 ? ", going on after update \(firstStep)" : ""
        return [
            "\(run.stage.rawValue): \(plan.sampleCount) samples, \(plan.totalSteps) updates of "
                + "\(run.batchSize) x \(run.accumulation) samples, \(run.dtype.rawValue)\(start)"
        ] + table
    }
}
