/// How a JSON text is laid out.
public struct JSONStyle: Sendable, Equatable {
    /// Spaces a level, or nil for one line without any.
    public var indentation: Int?
    /// Whether characters beyond ASCII become `\uXXXX`.
    public var escapesNonASCII: Bool
    /// Whether keys are sorted by their bytes instead of kept in order.
    public var sortsKeys: Bool
    /// Whether a newline ends the text.
    public var endsWithNewline: Bool

    /// Creates a style.
    public init(
        indentation: Int?, escapesNonASCII: Bool = false, sortsKeys: Bool = false,
        endsWithNewline: Bool = false
    ) {
        self.indentation = indentation
        self.escapesNonASCII = escapesNonASCII
        self.sortsKeys = sortsKeys
        self.endsWithNewline = endsWithNewline
    }

    /// Two spaces, ASCII only, newline at the end: the configs of Hugging Face Transformers, that
    /// is Python's `json.dumps(value, indent=2) + "\n"`.
    public static let pretty = JSONStyle(
        indentation: 2, escapesNonASCII: true, endsWithNewline: true)

    /// One line, no spaces, UTF-8.
    public static let compact = JSONStyle(indentation: nil)
}
