extension OptionExtractor {
    private static let affixes = [
        ("", "."), ("", ","), ("", ":"), ("", ")"), ("", ")."), ("(", ")"), ("(", ")."), (":", ""),
        (":", ","), (":", "."), (":", ")"), (":", ")."),
    ]

    /// The older rule that lmms-eval keeps, without its judge
    /// (EvolvingLMMs-Lab/lmms-eval, `lmms_eval/tasks/mmbench/mmbench_evals.py`, `can_infer`).
    ///
    /// One letter A to E as a word, no "A" among more than three words; else one letter with marks
    /// around it; else the one option whose text occurs.
    ///
    /// - Parameter options: those of A to D that are there, in order.
    package static func lmmsEval(_ answer: String, options: [Option]) -> Extraction {
        var isAmbiguous = false
        if !PythonText.contains(answer, failure) {
            let words = PythonText.split(answer)
            func letters(_ prefix: String, _ suffix: String) -> [String] {
                ["A", "B", "C", "D", "E"].filter { letter in
                    words.contains { PythonText.equal($0, prefix + letter + suffix) }
                }
            }
            let plain = letters("", "")
            isAmbiguous = plain.count > 1
            if plain.count == 1, plain[0] != "A" || words.count <= 3 { return .letter(plain[0]) }
            for (prefix, suffix) in affixes {
                let found = letters(prefix, suffix)
                if found.count == 1 { return .letter(found[0]) }
                if found.count > 1 { isAmbiguous = true }
            }
        }
        return text(PythonText.lower(answer), options, isAmbiguous: isAmbiguous)
    }

    private static let phrases = [
        "the answer is", "answer is", "the correct answer is", "correct answer is",
        "the best answer is", "best answer is", "the correct option is", "correct option is",
        "the best option is", "best option is", "the choice is", "choice is",
        "the correct choice is", "correct choice is", "i choose", "i select", "i pick",
        "my answer is", "my choice is", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选",
        "答えは",
    ]

    /// The rule that lmms-eval applies after ``lmmsEval(_:options:)`` where no judge is asked
    /// (EvolvingLMMs-Lab/lmms-eval, `lmms_eval/tasks/_task_utils/mcq_extract.py`).
    ///
    /// Looks for a letter at the start, at the end, after phrases such as "the answer is", and
    /// with marks around it; the surest kind of place counts, of one kind the last place; else any
    /// such letter anywhere.
    ///
    /// - Parameter letters: those of the options, one character each; none stand for A to H.
    package static func lmmsEvalStatic(_ answer: String, letters: [String]) -> Extraction {
        var stripped = PythonText.strip(answer)
        if stripped.isEmpty { return .none }
        for mark in [",", ".", "!", "?", ";", ":", "'", "\""] {
            stripped = PythonText.strip(stripped, mark)
        }
        let text = Array(" \(stripped) ".unicodeScalars)
        let inner = Array(PythonText.strip(stripped).unicodeScalars)
        let letters = Array((letters.isEmpty ? "ABCDEFGH" : letters.joined()).unicodeScalars)
        var best: (rank: Int, place: Int, letter: Unicode.Scalar)?
        func offer(_ letter: Unicode.Scalar, _ rank: Int, _ place: Int?) {
            guard let place else { return }
            if let best, (best.rank, best.place) >= (rank, place) { return }
            best = (rank, place, letter)
        }
        for (rank, prefix, suffix) in [
            (6, "(", ")"), (5, "", "."), (4, "", ":"), (3, "", ")"), (2, "", " "),
        ] {
            for letter in letters {
                let wanted = Array(prefix.unicodeScalars) + [letter] + Array(suffix.unicodeScalars)
                offer(letter, rank, place(of: wanted, in: text, last: true))
            }
        }
        let lower = Array(PythonText.lower(" \(stripped) ").unicodeScalars)
        for phrase in phrases {
            let wanted = Array(phrase.unicodeScalars)
            guard let start = place(of: wanted, in: lower, last: false) else { continue }
            for letter in letters {
                offer(letter, 7, place(of: [letter], in: text, from: start + wanted.count))
            }
        }
        for letter in letters where inner.first == letter {
            if inner.count == 1 || !isAlphabetic(inner[1]) { offer(letter, 10, 0) }
        }
        for letter in letters where inner.last == letter {
            if inner.count == 1 || !isAlphabetic(inner[inner.count - 2]) {
                offer(letter, 9, text.count - 1)
            }
        }
        if best == nil {
            for letter in letters { offer(letter, 0, place(of: [letter], in: text, last: true)) }
        }
        return best.map { .letter(String($0.letter)) } ?? .none
    }

    private static func place(
        of wanted: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int = 0,
        last: Bool = false
    ) -> Int? {
        guard start + wanted.count <= text.count else { return nil }
        func stands(_ place: Int) -> Bool {
            text[place..<place + wanted.count].elementsEqual(wanted)
        }
        let places = start...(text.count - wanted.count)
        return last ? places.last(where: stands) : places.first(where: stands)
    }

    /// `str.isalpha` for a code point.
    private static func isAlphabetic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }
}
