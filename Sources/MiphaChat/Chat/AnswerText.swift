/// The visible text of an answer, made from its parts as they are decoded.
///
/// Stop texts are cut and whitespace at both ends is left out: together the same text as cutting the
/// complete answer at the stop text and stripping it, which is what the reference does at the end
/// (zhuyiche/llava-phi, `mipha/eval/model_vqa_loader.py`).
public struct AnswerText: Sendable {
    private var matcher: StopMatcher
    private var blanks: [UInt8] = []
    private var hasText = false

    /// Starts an answer that ends at any of the texts `stops`.
    public init(stops: [String]) {
        matcher = StopMatcher(stops)
    }

    /// Whether a stop text was found.
    public var isStopped: Bool { matcher.isStopped }

    /// Takes the next decoded text and returns what is now certain, often the same, sometimes empty.
    public mutating func push(_ part: String) -> String {
        trimmed(matcher.push(part).text)
    }

    /// Ends the answer and returns what was held back.
    public mutating func finish() -> String {
        trimmed(matcher.finish())
    }

    /// The text without whitespace before the answer; whitespace at the end waits for more text.
    private mutating func trimmed(_ text: String) -> String {
        let bytes = blanks + Array(text.utf8)
        let range = UTF8Text.stripped(bytes)
        guard !range.isEmpty else {
            blanks = hasText ? bytes : []
            return ""
        }
        let start = hasText ? 0 : range.lowerBound
        hasText = true
        blanks = Array(bytes[range.upperBound...])
        return UTF8Text.string(bytes[start..<range.upperBound])
    }
}
