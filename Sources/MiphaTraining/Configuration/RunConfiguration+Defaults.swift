import MiphaData
package import MiphaImaging

extension RunConfiguration {
    /// The settings for preparing samples.
    var loading: SampleLoader.Settings {
        SampleLoader.Settings(
            threads: loaderThreads, byteBudget: prefetchMebibytes << 20, policy: badSamples)
    }

    /// The treatment of images that are not square, the stage's default included.
    package var resolvedAspectRatio: ImageAspectRatio {
        aspectRatio ?? (stage.isAlignment ? .square : .pad)
    }

    /// The treatment of the samples of an epoch that do not fill an update, the default included.
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
}
