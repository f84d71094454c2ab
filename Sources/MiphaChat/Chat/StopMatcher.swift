/// Finds stop texts in text that arrives in parts.
///
/// The match that is complete first wins; of several that complete at the same byte, the longest.
/// So the result does not depend on how the text is cut into parts, and a stop text may span any
/// number of tokens. Text that may be the start of a stop text is held back until it is decided.
/// The reference compares token ids, handles one row only and fails on stop texts of several tokens
/// (zhuyiche/llava-phi, `mipha/mm_utils.py`, `KeywordsStoppingCriteria`).
public struct StopMatcher: Sendable {
    /// What became of a part of the text.
    public struct Step: Sendable, Hashable {
        /// Text that is certain to come before any stop text.
        public var text: String
        /// The stop text that was found, nil while there is none.
        public var stop: String?

        /// Makes a step.
        public init(text: String, stop: String?) {
            self.text = text
            self.stop = stop
        }
    }

    private struct Pattern: Sendable {
        let text: String
        let bytes: [UInt8]
        /// For each prefix length the longest proper border (Knuth, Morris, Pratt).
        let borders: [Int]
        var matched = 0

        init(_ text: String) {
            self.text = text
            bytes = Array(text.utf8)
            var borders = [Int](repeating: 0, count: bytes.count + 1)
            var length = 0
            for index in 1..<max(bytes.count, 1) {
                while length > 0, bytes[index] != bytes[length] { length = borders[length] }
                if bytes[index] == bytes[length] { length += 1 }
                borders[index + 1] = length
            }
            self.borders = borders
        }

        mutating func advance(_ byte: UInt8) -> Bool {
            while matched > 0, bytes[matched] != byte { matched = borders[matched] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private var patterns: [Pattern]
    private var held: [UInt8] = []
    private var stopped: String?

    /// Makes a matcher; empty stop texts are left out.
    public init(_ stops: [String]) {
        patterns = stops.filter { !$0.isEmpty }.map(Pattern.init)
    }

    /// Whether a stop text was found; the matcher then gives no more text.
    public var isStopped: Bool { stopped != nil }

    /// Takes the next part of the text.
    public mutating func push(_ part: String) -> Step {
        guard stopped == nil else { return Step(text: "", stop: stopped) }
        guard !patterns.isEmpty else { return Step(text: part, stop: nil) }
        for byte in part.utf8 {
            held.append(byte)
            var longest: Pattern?
            for index in patterns.indices where patterns[index].advance(byte) {
                if patterns[index].bytes.count > longest?.bytes.count ?? 0 {
                    longest = patterns[index]
                }
            }
            if let longest {
                stopped = longest.text
                let text = UTF8Text.string(held.dropLast(longest.bytes.count))
                held = []
                return Step(text: text, stop: longest.text)
            }
        }
        let open = patterns.map(\.matched).max() ?? 0
        let text = UTF8Text.string(held.dropLast(open))
        held.removeFirst(held.count - open)
        return Step(text: text, stop: nil)
    }

    /// Ends the text and gives what was held back.
    public mutating func finish() -> String {
        defer { held = [] }
        return UTF8Text.string(held)
    }
}
