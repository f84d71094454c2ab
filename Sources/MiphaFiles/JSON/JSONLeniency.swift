/// What a reader accepts beyond strict JSON.
///
/// Python's `json.dumps` writes texts that are not JSON unless told otherwise; files of foreign
/// programs hold them.
public struct JSONLeniency: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Creates a set from bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `NaN`, `Infinity` and `-Infinity` are numbers.
    public static let nonFiniteNumbers = JSONLeniency(rawValue: 1)
    /// An escaped half of a surrogate pair (`\ud83d` alone) stands for U+FFFD.
    public static let loneSurrogates = JSONLeniency(rawValue: 2)
    /// Everything that Python's `json.dumps` may write.
    public static let python: JSONLeniency = [.nonFiniteNumbers, .loneSurrogates]
    /// RFC 8259 and nothing else.
    public static let strict: JSONLeniency = []
}
