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
    /// Chat template by name, the stage's default included.
    package var resolvedTemplate: String { template ?? (stage.isAlignment ? "plain" : "phi") }
    /// Keys of settings that change what the model of the start is.
    var keysOfTheStartModel: [String] {
        ["tune", "lora_targets", "load_in_8bit", "load_in_4bit", "bnb_4bit_use_double_quant"]
    }
}
