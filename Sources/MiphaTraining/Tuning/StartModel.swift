import MiphaCheckpoints
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN
import MiphaTorch

/// The model that a run starts from, and how it is read for the run.
struct StartModel {
    /// The settings.
    let run: RunConfiguration
    /// The model's folder.
    let folder: ModelFolder
    /// The trainable parts.
    let tuning: TrainingPlan
    /// Where the model is to be.
    let device: Device

    /// The model that learns, with the run's settings.
    ///
    /// - Parameter checkpoint: the checkpoint that the run goes on from.
    func learning(from checkpoint: String?) throws -> MiphaModel {
        var model = try read(from: checkpoint)
        if run.stage.takesPictures {
            model.config.imageAspectRatio = run.resolvedAspectRatio.rawValue
        }
        model.config.maximumLength = run.maximumLength
        return model
    }

    /// Reads the model: with adapters, the run's own model under them, whose matrices may be
    /// quantised.
    ///
    /// - Parameter checkpoint: a checkpoint; of a run with adapters it holds these and what else
    ///   was trained.
    func read(from checkpoint: String? = nil) throws -> MiphaModel {
        guard let adapters = tuning.adapters(run) else {
            let own = try checkpoint.map { try ModelFolder($0, for: folder.purpose) }
            return try (own ?? folder).model(
                dtype: run.dtype, device: device, use: .training)
        }
        let adapted = try checkpoint.map {
            try ModelFolder(folder.path, adapter: $0, for: folder.purpose)
        }
        return try (adapted ?? folder).model(
            dtype: run.dtype, device: device, use: .training, adapters: adapters,
            quantization: tuning.quantization(run))
    }

    /// Finds stored float32 values, in main memory, of parameters that learn in a lower precision.
    func masterWeights() throws -> (String) throws -> Tensor? {
        guard run.dtype != .float32 else { return { _ in nil } }
        let stored = try folder.storedTensors()
        let resizing = try folder.positionResizing()
        return { name in
            guard let (file, entry) = stored.find(name) else { return nil }
            let mapped = try resizing(Tensor.mapped(entry, of: file), name)
            let master = try mapped.dtype == .float32 ? mapped.cloned() : mapped.to(dtype: .float32)
            file.advise(.dontNeed, for: entry)  // its pages would count as memory of the process
            return master
        }
    }
}
