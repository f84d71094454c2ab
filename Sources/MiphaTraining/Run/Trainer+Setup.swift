import MiphaCheckpoints
import MiphaFolders
import MiphaModels
import MiphaNN
import MiphaTorch

extension Trainer {
    static func schedule(_ run: RunConfiguration, totalSteps: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            shape: run.schedule, base: run.learningRate,
            // The only update of a run would have the rate 0, and the run would change nothing.
            warmupSteps: totalSteps == 1
                ? 0
                : LearningRateSchedule.warmupSteps(
                    ratio: run.warmupRatio, totalSteps: totalSteps),
            totalSteps: totalSteps,
            decaySteps: LearningRateSchedule.warmupSteps(
                ratio: run.decayRatio, totalSteps: totalSteps))
    }

    /// The optimiser over what learns, or over this process's pieces of it.
    static func optimizer(
        _ run: RunConfiguration, _ folder: ModelFolder, _ plan: TrainingPlan,
        _ model: MiphaModel, _ parameters: [(name: String, tensor: Tensor)],
        _ parallel: DataParallel?, isResumed: Bool
    ) throws -> AdamW {
        // A resumed run gets its masters from the checkpoint.
        let stored = isResumed ? { _ in nil } : try masterWeights(run, folder)
        let masters = { (name: String) throws -> Tensor? in
            guard let whole = try stored(name) else { return nil }
            guard let parallel else { return whole }
            return try parallel.part(of: whole, parameter: name).cloned()
        }
        return try AdamW(
            parameters: parallel?.pieces ?? parameters, options: run.optimizer,
            groups: { name in plan.optimizerGroup(of: model.store.facts(of: [name])[0]) },
            moments: run.moments, wholeMasters: run.averageDecay != nil,
            masters: masters)
    }

    /// Stored float32 values of parameters that learn in a lower precision.
    private static func masterWeights(
        _ run: RunConfiguration, _ folder: ModelFolder
    ) throws -> (String) throws -> Tensor? {
        guard run.dtype != .float32 else { return { _ in nil } }
        let stored = try folder.storedTensors()
        return { name in
            guard let (file, entry) = stored.find(name) else { return nil }
            let mapped = try Tensor.mapped(entry, of: file)
            let master = try mapped.dtype == .float32 ? mapped.cloned() : mapped.to(dtype: .float32)
            file.advise(.dontNeed, for: entry)  // its pages would count as memory of the process
            return master
        }
    }
}
