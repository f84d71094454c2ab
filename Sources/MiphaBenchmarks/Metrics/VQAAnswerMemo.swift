import MiphaFiles

/// Answers that were normalised lately, so that the ten humans who said "yes" cost one look-up each.
///
/// Texts are numbered: equal numbers mean equal code points. Numbers hold until ``trim()``.
struct VQAAnswerMemo {
    /// An answer as numbers of texts.
    struct Entry {
        /// The answer without whitespace at its ends.
        let cleaned: Int32
        /// The answer in the form in which it is compared.
        let normalized: Int32
    }

    private let normalize: VQAAnswerNormalizer
    private let limit: Int
    private var entries: [ExactString: Entry] = [:]
    private var numbers: [ExactString: Int32] = [:]
    private var texts: [String] = []

    /// Makes an empty memo that holds about `limit` answers.
    init(_ normalize: VQAAnswerNormalizer, limit: Int = 1 << 16) {
        self.normalize = normalize
        self.limit = limit
    }

    /// Forgets everything when there is too much of it; called between questions.
    mutating func trim() {
        guard entries.count > limit else { return }
        entries.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
    }

    /// The entry of an answer.
    mutating func entry(_ answer: String) -> Entry {
        let key = ExactString(answer)
        if let known = entries[key] { return known }
        let entry = Entry(
            cleaned: number(VQAAnswerNormalizer.cleaned(answer)),
            normalized: number(normalize(answer)))
        entries[key] = entry
        return entry
    }

    /// The number of a text.
    mutating func number(_ text: String) -> Int32 {
        let key = ExactString(text)
        if let known = numbers[key] { return known }
        let number = Int32(texts.count)
        texts.append(text)
        numbers[key] = number
        return number
    }

    /// The text of a number.
    func text(_ number: Int32) -> String { texts[Int(number)] }
}
