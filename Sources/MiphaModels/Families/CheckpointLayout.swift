/// How a model folder names its config fields and tensors.
public enum CheckpointLayout: String, Sendable, CaseIterable {
    /// The official Mipha layout: language model flat in the config, tower and projector under `model.`.
    case mipha
    /// `LlavaForConditionalGeneration` of transformers.
    case llava = "hf-llava"
}
