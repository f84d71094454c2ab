import MiphaData
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    /// A description in a few lines of what the run will train, group by group with parameter
    /// counts.
    public var description: [String] {
        let start = firstStep > 0 ? ", going on after update \(firstStep)" : ""
        let held = batches.validation.map { ", \($0.count) for validation" } ?? ""
        let sharding = learner.parallel.map { " (sharding \($0.mode.rawValue))" } ?? ""
        let packs = plan.packs.map {
            " in \($0.count) rows of \($0.capacity) positions, "
                + "\(Int(($0.fill * 1000).rounded()) / 10).\(Int(($0.fill * 1000).rounded()) % 10) % full"
        }
        let place = model.device == .cpu ? "" : " on \(model.device)"
        let samples =
            "\(plan.packs?.sampleCount ?? plan.sampleCount) \(objective.unit)\(packs ?? "")"
        return [
            "\(run.stage.rawValue): \(samples)\(held), \(plan.updateDescription(of: objective.unit))"
                + "\(sharding), \(run.dtype.rawValue)\(place)\(start)"
        ] + tuning.table(model, trainable: trainable) + tuning.adapterLines(model)
            + notes.map { "note: \($0)" } + incidents.map { "warning: \($0.message)" }
    }
}
