/// What a scorer reads in an answer to a question with lettered options.
///
/// Every function is one public tool's rule, by code points as in Python.
package enum LetterAnswer: Sendable, Hashable {
    /// A letter, not necessarily one of an option.
    case letter(Character)
    /// No letter that the rule finds.
    case none
    /// Several places that the rule wants to be one.
    case several

    /// The letters that options may have.
    static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    /// The letter of the option at `index`; "?" beyond Z.
    static func letter(of index: Int) -> String {
        letters.indices.contains(index) ? String(letters[index]) : "?"
    }

    /// The index of the option among `count` that the answer names; nil otherwise.
    func index(below count: Int) -> Int? {
        guard case .letter(let letter) = self,
            let index = Self.letters.firstIndex(of: letter), index < count
        else { return nil }
        return index
    }

    /// The letter as text; nil without one.
    var text: String? {
        if case .letter(let letter) = self { String(letter) } else { nil }
    }

    /// Finds `The answer is X` and one further character that is not a line feed, exactly once, as
    /// ScienceQA's `models/run_gpt3.py` does.
    package static func statement(_ text: String) -> LetterAnswer {
        let scalars = Array(text.unicodeScalars)
        let wanted = Array("The answer is ".unicodeScalars)
        var found: [Unicode.Scalar] = []
        var place = 0
        while place + wanted.count + 1 < scalars.count {
            let end = place + wanted.count
            if scalars[place] == wanted[0], scalars[place..<end].elementsEqual(wanted),
                ("A"..."Z").contains(scalars[end]), scalars[end + 1] != "\n"
            {
                found.append(scalars[end])
                place = end + 2
            } else {
                place += 1
            }
        }
        guard let first = found.first else { return .none }
        return found.count == 1 ? .letter(Character(first)) : .several
    }

    /// Reads as LLaVA's `eval_science_qa.py` does.
    ///
    /// A letter of A to E alone, or at the start before a period and a space, else
    /// ``statement(_:)``.
    package static func scienceQA(_ text: String) -> LetterAnswer {
        let scalars = text.unicodeScalars
        let start = Array(scalars.prefix(3))
        if let first = start.first, ("A"..."E").contains(first) {
            if start.count == 1 { return .letter(Character(first)) }
            if start.count == 3, start[1] == ".", start[2] == " " {
                return .letter(Character(first))
            }
        }
        return statement(text)
    }

    /// Reads as lmms-eval does for ScienceQA (`tasks/scienceqa/utils.py`): the stripped answer is
    /// one letter of either case, or begins with a capital letter and a period.
    package static func scienceQAHarness(_ text: String) -> LetterAnswer {
        let scalars = Array(PythonText.strip(text).unicodeScalars)
        if scalars.count == 1 {
            let lower = PythonText.lower(String(scalars[0]))
            return letters.first { PythonText.equal($0.lowercased(), lower) }
                .map { .letter($0) } ?? .none
        }
        if scalars.count >= 2, scalars[1] == "." {
            return ("A"..."Z").contains(scalars[0]) ? .letter(Character(scalars[0])) : .none
        }
        return .none
    }

    /// Reads as lmms-eval does for AI2D (`tasks/ai2d/utils.py`, metric `exact_match`): a capital
    /// letter and a period after white space at the start, else the whole answer; without case,
    /// ASCII punctuation and, as NumPy stores strings, trailing NUL it must be one letter.
    package static func ai2d(_ text: String) -> LetterAnswer {
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, PythonText.isSpace(first) { scalars.removeFirst() }
        let start = Array(scalars.prefix(2))
        if start.count == 2, ("A"..."Z").contains(start[0]), start[1] == "." {
            return .letter(Character(start[0]))
        }
        var rest = Array(PythonText.lower(text).unicodeScalars).filter { scalar in
            switch scalar.value {
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: false
            default: true
            }
        }
        while rest.last == "\0" { rest.removeLast() }
        guard rest.count == 1, ("a"..."z").contains(rest[0]) else { return .none }
        return letters.first { $0.lowercased() == String(rest[0]) }.map { .letter($0) } ?? .none
    }
}
