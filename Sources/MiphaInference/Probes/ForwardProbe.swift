public import MiphaModels
public import MiphaTorch

/// One pass over ids and images, with all intermediate results.
public enum ForwardProbe {
    /// Runs the model over one row.
    ///
    /// - Parameter keepsStates: also returns `vision.k` `[images, patches, width]`, `projector`
    ///   `[images, patches, width]` and `hidden.k` `[1, positions, width]`, k = 0 being the
    ///   embeddings.
    /// - Returns: named float32 tensors on the CPU, `logits` `[1, positions, vocabulary]` last.
    /// - Throws: `InferenceError` for ids or images that do not fit; `TensorError`.
    public static func run(
        _ model: MiphaModel, _ prompt: GenerationPrompt, keepsStates: Bool
    ) throws -> [(name: String, tensor: Tensor)] {
        try prompt.check(model, row: 0)
        let pixels = try prompt.images.tensor(on: model.device)
        var states: [(name: String, tensor: Tensor)] = []
        let logits = try withoutGradients {
            try model.logits(MiphaBatch(ids: [prompt.ids], pixels: pixels)) {
                (segment, state) throws(TensorError) in
                guard keepsStates else { return }
                states.append((segment.name, try state.to(dtype: .float32, device: .cpu)))
            }
        }
        return states + [("logits", try logits.to(dtype: .float32, device: .cpu))]
    }
}
