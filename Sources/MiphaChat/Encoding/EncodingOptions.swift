/// How conversations become token ids and labels.
public struct EncodingOptions: Sendable, Hashable {
    /// How labels are found.
    public enum LabelPolicy: Sendable, Hashable {
        /// A token counts when its bytes lie in an answer; no text is tokenised twice.
        case offsets
        /// The reference's algorithm: split at separators, count the tokens of the pieces, mask the
        /// complete sample when the counts disagree.
        case reference
    }

    /// What `<image>` in a sample's text means.
    public enum MarkerRule: Sendable, Hashable {
        /// Markers stand in human turns only and their number is the number of images.
        case strict
        /// As `strict` for human turns of samples with images; everywhere else `<image>` is text.
        case literal
        /// Every marker of a human turn is an image, whatever images the sample names.
        case assumed
    }

    /// What the text of a special token (`<|endoftext|>`) inside a system, user or assistant text
    /// becomes.
    public enum ContentSpecialTokens: Sendable, Hashable {
        /// The special token, as the reference does.
        case recognised
        /// Ordinary tokens that spell it, so that content cannot end a turn or open another.
        case spelled
    }

    /// How labels are found.
    public var labels: LabelPolicy
    /// What `<image>` in a sample's text means.
    public var markers: MarkerRule
    /// What special tokens written inside content become.
    public var contentSpecialTokens: ContentSpecialTokens
    /// Whether each image stands between `<im_start>` and `<im_end>`, two tokens that the model's
    /// vocabulary must have (`mm_use_im_start_end` of a configuration); stage 1 never has them.
    public var wrapsImages: Bool
    /// The number of ids kept, an image marker counting one; the rest is cut at the end.
    public var maximumLength: Int?

    /// Makes options; the defaults are for training.
    ///
    /// - Parameters:
    ///   - labels: how labels are found.
    ///   - markers: what `<image>` means.
    ///   - contentSpecialTokens: what special tokens written inside content become.
    ///   - wrapsImages: whether images stand between start and end tokens.
    ///   - maximumLength: ids kept, nil for all; the reference's `model_max_length`.
    public init(
        labels: LabelPolicy = .offsets, markers: MarkerRule = .strict,
        contentSpecialTokens: ContentSpecialTokens = .recognised, wrapsImages: Bool = false,
        maximumLength: Int? = 2048
    ) {
        self.labels = labels
        self.markers = markers
        self.contentSpecialTokens = contentSpecialTokens
        self.wrapsImages = wrapsImages
        self.maximumLength = maximumLength
    }

    /// Training samples: offsets, strict markers, 2048 ids.
    public static let training = EncodingOptions()

    /// Training samples exactly as the reference makes them.
    public static let parity = EncodingOptions(labels: .reference)

    /// Chat and serving: content cannot inject special tokens and nothing is cut.
    public static let chat = EncodingOptions(contentSpecialTokens: .spelled, maximumLength: nil)
}
