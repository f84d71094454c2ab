import MiphaCheckpoints
import MiphaDeviceSupport
import MiphaFiles
import MiphaModels
import MiphaNN
import MiphaPretend
import MiphaTestSupport
import MiphaTorch
import Testing

/// The golden models, used here only as small models.
enum SmallModel {
    static let tiny = PackagePaths.fixture("goldens/tiny")
    static let square = PackagePaths.fixture("goldens/square")
    static let llava = PackagePaths.fixture("goldens/llava-hf/v5")
    static let classicLLaVA = PackagePaths.fixture("goldens/llava-hf/classic")
}

/// A tensor of seeded random numbers between -1 and 1.
func randomTensor(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var generator = SplitMix64(seed: seed)
    return try Tensor(generator.floats(shape.reduce(1, *)), shape: shape, device: .underTest)
}

/// A batch of one row with an image in it.
func sampleBatch(_ model: MiphaModel) throws -> MiphaBatch {
    let side = model.tower.inputs[0].width
    return MiphaBatch(
        ids: [[5, 9, MarkerID.image, 7, 11, 3]],
        pixels: try randomTensor([1, 3, side, side], seed: 17))
}

/// The logits of a sample, as bits can be compared.
func sampleLogits(_ model: MiphaModel) throws -> [Float] {
    try withoutGradients { try model.logits(sampleBatch(model)) }.values()
}

/// A small decoder with random parameters, of a deviation that makes attention matter.
func decoder(_ config: PhiConfig, seed: UInt64 = 3) throws -> (PhiLanguageModel, ParameterStore) {
    let generator = try RandomGenerator(seed: seed)
    let store = ParameterStore(source: InitializerSource(generator: generator))
    let model = try PhiLanguageModel(store.scope(.language), config)
    for (name, tensor) in store.parameters {
        let noise = try Tensor.normal(
            tensor.shape, deviation: 0.3, generator: generator, device: .underTest)
        try name.contains("norm") ? tensor.accumulate(noise) : tensor.assign(noise)
    }
    return (model, store)
}

/// The shape of decoders under test.
func smallConfig(layers: Int = 1) -> PhiConfig {
    PhiConfig(
        vocabularySize: 50, hiddenSize: 24, intermediateSize: 40, layerCount: layers,
        headCount: 3, partialRotaryFactor: 0.5)
}

/// Ends the test when values differ.
func requireClose(
    _ name: String, _ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance = .of(.sameModel),
    _ location: SourceLocation = #_sourceLocation
) throws {
    try #require(found.shape == expected.shape, "\(name)", sourceLocation: location)
    let comparison = try Comparison(
        name, found.values(as: Float.self), expected.values(as: Float.self), tolerance,
        shape: found.shape)
    try #require(comparison.passes, "\(comparison)", sourceLocation: location)
}

extension MiphaConfig {
    /// The tower's config, which must be SigLIP's.
    var siglip: SigLIPConfig {
        guard let config = vision as? SigLIPConfig else { preconditionFailure("no SigLIP") }
        return config
    }

    /// The language model's config, which must be Phi's.
    var phi: PhiConfig {
        get {
            guard let config = language as? PhiConfig else { preconditionFailure("no Phi") }
            return config
        }
        set { language = newValue }
    }
}
