import MiphaModels
import MiphaNN
import MiphaTorch

extension TrainingPlan {
    /// Frozen parameters that the processes share out where they share out weights: all but those of a
    /// tower that is frozen as a whole, which each process runs by itself.
    ///
    /// - Parameter learning: names of the parameters that learn.
    func sharedFrozen(
        in model: MiphaModel, learning: Set<String>
    ) -> [(name: String, tensor: Tensor)] {
        model.store.facts.compactMap { fact in
            guard !learning.contains(fact.name),
                self[.tower].mode != .frozen || fact.part != .tower
            else { return nil }
            return model.store[fact.name].map { (fact.name, $0) }
        }
    }

    /// Whether the tower only ever gives the same features for an image.
    ///
    /// - Parameter stage: that of the run, which may have no images.
    func keepsFeatures(in stage: TrainingStage) -> Bool {
        self[.tower].mode == .frozen && stage.takesPictures
    }
}
