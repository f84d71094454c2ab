public import MiphaChat
public import MiphaImaging
public import MiphaModels
import MiphaNN
public import MiphaTorch

/// Losses and gradients of training samples, without an update.
public struct LossProbe {
    let model: MiphaModel
    private let sampleCount: Int
    private var losses: [Float] = []

    /// Prepares a model.
    ///
    /// - Parameters:
    ///   - sampleCount: number of samples to come, over which gradients are averaged.
    ///   - gradients: whether gradients of all parameters are collected.
    public init(_ model: MiphaModel, sampleCount: Int, gradients: Bool) throws {
        self.model = model
        self.sampleCount = sampleCount
        collectsGradients = gradients
        if gradients { try model.store.train { _ in true } }
    }

    /// Whether gradients are collected.
    public let collectsGradients: Bool

    /// Runs one sample.
    ///
    /// The loss is the mean cross-entropy in nats over the sample's supervised tokens, without
    /// dropout; 0 when there are none (the reference gives a NaN).
    ///
    /// - Parameter images: the sample's images.
    /// - Returns: the loss.
    /// - Throws: `InferenceError`, `SpliceError`, `TensorError`.
    @discardableResult
    public mutating func add(_ sample: EncodedSample, images: [PreparedImage]) throws -> Float {
        try GenerationPrompt(ids: sample.ids, images: images).check(model, row: losses.count)
        let batch = MiphaBatch(
            ids: [sample.ids], labels: [sample.labels],
            pixels: try images.tensor(on: model.device))
        let chain = try model.lossChain(batch, dropout: nil)
        guard chain.supervisedCount > 0 else {
            losses.append(0)
            return 0
        }
        let share = 1 / Double(chain.supervisedCount)
        let loss: Double
        if collectsGradients {
            loss = try withGradients {
                let sum = try chain.segments.run(chain.input)
                try (sum * (share / Double(sampleCount))).backward()
                return try sum.detached().item() * share
            }
        } else {
            loss = try withoutGradients { try chain.segments.run(chain.input).item() * share }
        }
        losses.append(Float(loss))
        return Float(loss)
    }

    /// The losses and gradients collected so far.
    ///
    /// `loss` `[samples]` float32 and, by official parameter name, `grad.<name>` of the mean of the
    /// sample losses; parameters that no loss depends on have no gradient.
    public func tensors() throws -> [(name: String, tensor: Tensor)] {
        var result: [(name: String, tensor: Tensor)] = [("loss", try Tensor(losses))]
        guard collectsGradients else { return result }
        for (name, parameter) in model.store.parameters {
            if let gradient = try parameter.gradient() {
                result.append(("grad.\(name)", try gradient.to(dtype: .float32, device: .cpu)))
            }
        }
        return result
    }
}
