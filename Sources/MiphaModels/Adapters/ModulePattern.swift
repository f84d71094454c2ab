/// A regular expression over module names, as Python's `re` reads those of PEFT's configs.
struct ModulePattern {
    /// The expression.
    let text: String
    private let regex: Regex<AnyRegexOutput>

    /// Compiles a pattern; `nil` when it is not a regular expression that both engines know.
    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        // Python's units are code points, and its word boundaries those between \w and \W.
        self.text = text
        self.regex = regex.matchingSemantics(.unicodeScalar).wordBoundaryKind(.simple)
    }

    /// Whether the pattern is the whole name, as `re.fullmatch` says.
    func isWhole(_ name: String) -> Bool {
        (try? regex.wholeMatch(in: name)) != nil
    }

    /// The contents of the named group `idx` where the pattern matches a beginning of the name, as
    /// `re.match` says; `nil` without a match.
    func index(in name: String) -> Int? {
        guard let match = try? regex.prefixMatch(in: name) else { return nil }
        return match["idx"]?.substring.flatMap { Int($0) }
    }
}
