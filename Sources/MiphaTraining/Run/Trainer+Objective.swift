package import MiphaData
package import MiphaModels
import MiphaTorch

extension Trainer {
    /// What a run of a stage minimises.
    static func objective(_ run: RunConfiguration, _ model: MiphaModel) -> any Objective {
        switch run.stage {
        case .preference: PreferenceObjective(model, run.preference.loss)
        default: TokenObjective(model: model, zLoss: run.zLoss)
        }
    }

    /// A batch of samples: with the features of their images where the tower is frozen, else with their
    /// pixels.
    package func batch(_ samples: [TrainingSample]) throws -> MiphaBatch {
        try collator.batch(samples, features: features)
    }

    /// What the objective sees of the run.
    var objectiveContext: ObjectiveContext {
        ObjectiveContext(
            run: run, data: data, validation: validation, model: model, parallel: parallel,
            isResumed: firstStep > 0, batch: batch,
            startModel: { [run, start, tuning] in
                try Self.model(run, start, tuning, from: nil)
            })
    }

    /// The objective's means over an update or a data set.
    func figures(_ sums: [Double], weight: Int) -> [TrainingProgress.Figure] {
        guard weight > 0 else { return [] }
        return zip(objective.figures, sums).map {
            TrainingProgress.Figure(name: $0, value: $1 / Double(weight))
        }
    }
}
