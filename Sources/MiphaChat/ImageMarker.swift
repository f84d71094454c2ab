/// The image marker in text and in token ids.
public enum ImageMarker {
    /// The text that stands for one image inside a turn.
    public static let text = "<image>"

    /// The id that stands for one image between token ids; splicing replaces it by the patch features.
    ///
    /// Same value as the reference's `IMAGE_TOKEN_INDEX` (zhuyiche/llava-phi, `mipha/constants.py`).
    public static let id = -200

    /// Special tokens around each image, where a model was trained with them.
    static let startText = "<im_start>"
    static let endText = "<im_end>"

    static let utf8: [UInt8] = Array(text.utf8)
}

/// The label of positions that do not count in the loss.
public enum IgnoredLabel {
    /// The value, the same as PyTorch's default `ignore_index`.
    public static let id = -100
}
