package import MiphaModels
package import MiphaNN
import MiphaPretend
package import MiphaTorch

extension MiphaModel {
    /// Loads a model folder onto the device under test.
    package init(
        folder: String, dtype: DType? = nil, use: CheckpointSource.Use = .inference,
        adapters: AdapterPlan? = nil, quantization: QuantizationPlan? = nil
    ) throws {
        try self.init(
            folder: folder, dtype: dtype, device: .underTest, use: use, adapters: adapters,
            quantization: quantization)
    }

    /// Loads a model folder with an adapter over it onto the device under test.
    package init(
        folder: String, adapter: AdapterFolder, dtype: DType? = nil,
        use: CheckpointSource.Use = .inference, quantization: QuantizationPlan? = nil
    ) throws {
        try self.init(
            folder: folder, adapter: adapter, dtype: dtype, device: .underTest, use: use,
            quantization: quantization)
    }
}

extension InitializerSource {
    /// Random parameters on the device under test.
    package init(generator: RandomGenerator, dtype: DType = .float32) {
        self.init(generator: generator, dtype: dtype, device: .underTest)
    }
}
