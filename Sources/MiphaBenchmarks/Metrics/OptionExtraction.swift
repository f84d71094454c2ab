/// Which lettered option a free answer means, by the rules of public evaluation tools.
///
/// No rule here guesses: an answer that names no option or several stays unresolved.
package enum OptionExtractor {
    /// A lettered option.
    package struct Option: Sendable, Hashable {
        /// The letter.
        package let letter: String
        /// Its text.
        package let text: String

        /// Makes an option.
        package init(_ letter: String, _ text: String) {
            self.letter = letter
            self.text = text
        }
    }

    /// What an answer says.
    package enum Extraction: Sendable, Equatable {
        /// One option.
        case letter(String)
        /// A refusal, which VLMEvalKit writes as option Z.
        case refusal
        /// Several options.
        case ambiguous
        /// No option.
        case none

        /// The letter, `Z` for a refusal, nil for what is unresolved.
        package var letter: String? {
            switch self {
            case .letter(let letter): letter
            case .refusal: "Z"
            case .ambiguous, .none: nil
            }
        }
    }

    private static let refusals = [
        "Sorry, I can't help with images of people yet.", "I can't process this file.",
        "I'm sorry, but without the image provided", "Cannot determine the answer",
    ]
    static let failure = "Failed to obtain answer via API"

    // MARK: VLMEvalKit

    /// The rule of VLMEvalKit without a judge
    /// (open-compass/VLMEvalKit, `vlmeval/utils/matching_util.py`, `can_infer`).
    ///
    /// One letter as a word among the last four words, else "answer is B", else the one option
    /// whose text occurs in an answer that is not longer than twice all options together.
    ///
    /// - Parameter options: those that are there, in the order of their letters.
    package static func vlmEvalKit(_ answer: String, options: [Option]) -> Extraction {
        var isAmbiguous = false
        if !PythonText.contains(answer, failure) {
            if refusals.contains(where: { PythonText.contains(answer, $0) }) { return .refusal }
            let words = words(of: answer)
            let named = options.filter { option in
                words.contains { PythonText.equal($0, option.letter) }
            }
            isAmbiguous = named.count > 1
            if named.count == 1 {
                let place = words.firstIndex { PythonText.equal($0, named[0].letter) } ?? 0
                if place > words.count - 5 { return .letter(named[0].letter) }
            } else if named.isEmpty, words.contains("Z") {
                return .refusal
            }
            if let letter = statedLetter(answer),
                options.contains(where: { PythonText.equal($0.letter, letter) })
            {
                return .letter(letter)
            }
        }
        let lower = PythonText.lower(answer)
        let longest = options.reduce(0) { $0 + $1.text.unicodeScalars.count }
        guard lower.unicodeScalars.count <= 2 * longest else {
            return isAmbiguous ? .ambiguous : .none
        }
        return text(lower, options, isAmbiguous: isAmbiguous)
    }

    /// The words of an answer, some marks being spaces.
    private static func words(of answer: String) -> [String] {
        var text = String.UnicodeScalarView()
        for scalar in answer.unicodeScalars {
            switch scalar {
            case ".", "(", ")", "[", "]", ",", ":", ";", "!", "*", "#", "{", "}": text.append(" ")
            default: text.append(scalar)
            }
        }
        return PythonText.split(String(text))
    }

    /// The option whose text, and no other's, is part of the lower-cased answer.
    static func text(
        _ lower: String, _ options: [Option], isAmbiguous: Bool
    ) -> Extraction {
        let found = options.filter { PythonText.contains(lower, PythonText.lower($0.text)) }
        if found.count == 1 { return .letter(found[0].letter) }
        return isAmbiguous || found.count > 1 ? .ambiguous : .none
    }

    /// The letter A to D after the first "answer is" that one follows, stars between allowed.
    private static func statedLetter(_ answer: String) -> String? {
        let scalars = Array(answer.unicodeScalars)
        var start = 0
        while start < scalars.count {
            if let letter = statedLetter(scalars, start) { return letter }
            start += 1
        }
        return nil
    }

    private static func statedLetter(_ scalars: [Unicode.Scalar], _ start: Int) -> String? {
        var place = start
        func take(_ word: String) -> Bool {
            for wanted in word.unicodeScalars {
                guard place < scalars.count, folded(scalars[place]) == wanted else { return false }
                place += 1
            }
            return true
        }
        func takeSpaces() -> Bool {
            let first = place
            while place < scalars.count, PythonText.isSpace(scalars[place]) { place += 1 }
            return place > first
        }
        guard take("answer"), takeSpaces(), take("is"), takeSpaces() else { return nil }
        while place < scalars.count, scalars[place] == "*" { place += 1 }
        guard place < scalars.count else { return nil }
        switch folded(scalars[place]) {
        case "a": return "A"
        case "b": return "B"
        case "c": return "C"
        case "d": return "D"
        default: return nil
        }
    }

    /// A letter as Python's case-blind expressions compare it: the dotted and dotless i and the
    /// long s are letters of "answer is", too.
    private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "\u{130}", "\u{131}": return "i"
        case "\u{17F}": return "s"
        default:
            guard (0x41...0x5A).contains(scalar.value) else { return scalar }
            return Unicode.Scalar(UInt8(scalar.value) + 0x20)
        }
    }
}
