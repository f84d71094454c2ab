extension MiphaConfig {
    /// Mipha-3B: SigLIP-SO400M/14@384 and Phi-2, 3,217,417,280 parameters.
    public static let mipha3B = MiphaConfig(
        vision: SigLIPConfig(), language: PhiConfig(residualDropout: 0.1))

    /// Mipha-1.7B: SigLIP-SO400M/14@384 and Phi-1.5, 1,853,054,016 parameters.
    public static let mipha1B7 = MiphaConfig(
        vision: SigLIPConfig(),
        language: PhiConfig(
            hiddenSize: 2048, intermediateSize: 8192, layerCount: 24, partialRotaryFactor: 0.5,
            fusesProjections: true))
}
