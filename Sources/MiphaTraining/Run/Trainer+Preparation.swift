import MiphaData
import MiphaFolders
import MiphaImaging
import MiphaModels
import MiphaNN

extension Trainer {
    /// Images that were decoded so far for samples of this process.
    package var decodedImages: Int { data.preparer?.decodings.count ?? 0 }

    /// The model with the run's settings.
    ///
    /// - Parameters:
    ///   - folder: the model that the run starts from.
    ///   - start: the checkpoint that the run goes on from.
    static func preparedModel(
        _ run: RunConfiguration, _ folder: ModelFolder, _ tuning: TrainingPlan, from start: String?
    ) throws -> MiphaModel {
        var model = try model(run, folder, tuning, from: start)
        if run.stage.takesPictures {
            model.config.imageAspectRatio = run.resolvedAspectRatio.rawValue
        }
        model.config.maximumLength = run.maximumLength
        return model
    }

    /// What keeps a frozen tower's features; `nil` where the tower learns or is not used.
    ///
    /// - Parameter writers: number of processes that write into its folder.
    static func features(
        _ run: RunConfiguration, _ tuning: TrainingPlan, _ model: MiphaModel, writers: Int
    ) throws -> FeatureStore? {
        guard tuning[.tower].mode == .frozen && run.stage.takesPictures else { return nil }
        return try FeatureStore(
            folder: run.featureFolder, budget: Int(run.featureGibibytes * 1_073_741_824),
            model: model, writers: writers)
    }

    /// What makes batches of samples.
    static func collator(_ run: RunConfiguration, padID: Int?) -> Collator {
        Collator(
            maskedKeyID: run.attentionMask == .notPad ? padID : nil, packs: run.packing)
    }
}
