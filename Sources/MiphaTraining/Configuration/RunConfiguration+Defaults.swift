package import MiphaChat
import MiphaData
package import MiphaFolders
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

    /// Chat format, the default included: the stage's or that of the model's folder.
    ///
    /// - Throws: `ChatError` for a name or a template of the folder that is not known.
    package func template(of model: ModelFolder) throws(ChatError) -> ChatFormat {
        if let template { return try .named(template) }
        return try stage.isAlignment ? .plain : model.template()
    }

    /// The same run with the name of its chat format.
    ///
    /// - Parameter chatFormat: name of the model's chat format.
    func namingTemplate(_ chatFormat: String) -> RunConfiguration {
        var run = self
        run.template = template ?? (stage.isAlignment ? ChatFormat.plain.name : chatFormat)
        return run
    }
}
