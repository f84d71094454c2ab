import MiphaData
package import MiphaImaging

extension RunConfiguration {
    /// How samples are prepared.
    var loading: SampleLoader.Settings {
        SampleLoader.Settings(
            threads: loaderThreads, byteBudget: prefetchMebibytes << 20, policy: badSamples)
    }
    /// What happens to pictures that are not square, the stage's default included.
    package var resolvedAspectRatio: ImageAspectRatio {
        aspectRatio ?? (stage.isAlignment ? .square : .pad)
    }
    /// What becomes of the samples of an epoch that do not fill an update, the default included.
    var resolvedEpochEnd: EpochEnd { epochEnd ?? .kept }
    /// Chat template by name, the default included: the stage's or that of the model.
    ///
    /// - Parameter chatFormat: name of the model's chat format.
    package func resolvedTemplate(_ chatFormat: String) -> String {
        template ?? (stage.isAlignment ? "plain" : chatFormat)
    }
    /// The same run with the name of its chat template.
    ///
    /// - Parameter chatFormat: name of the model's chat format.
    func namingTemplate(_ chatFormat: String) -> RunConfiguration {
        var run = self
        run.template = resolvedTemplate(chatFormat)
        return run
    }
    /// The same run without anything that depends on the working folder or on a default by stage:
    /// paths made absolute, treatment of pictures filled in.
    ///
    /// The template, whose default depends on the model, is named before.
    var resolved: RunConfiguration {
        var run = RunPaths(self).absolute
        run.epochEnd = resolvedEpochEnd
        run.aspectRatio = stage.takesPictures ? resolvedAspectRatio : aspectRatio
        return run
    }
    /// Refuses settings that exclude each other.
    ///
    /// - Parameter worldSize: number of processes that share the work.
    func validate(worldSize: Int = 1) throws(TrainingError) {
        try RunChecks(self, worldSize: worldSize).requireAll()
    }
}
