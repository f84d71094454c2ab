/// What a scorer reads in an answer to a yes/no question.
///
/// Every function is one public tool's rule, by code points as in Python.
package enum YesNoAnswer: String, Sendable {
    /// It says yes.
    case yes
    /// It says no.
    case no
    /// It says neither, or both where the rule wants one.
    case other

    /// Reads as POPE's and LLaVA's scorers do (`evaluate.py`, `llava/eval/eval_pope.py`).
    ///
    /// Of the text before the first period, commas deleted, a piece between single spaces that is
    /// exactly `No`, `no` or `not` means no; everything else means yes, also `NO`, `Nope` and an
    /// empty text.
    package static func pope(_ text: String) -> YesNoAnswer {
        var word: [UInt8] = []
        func saysNo() -> Bool {
            let isShort = word.count == 2 && (word[0] | 0x20) == UInt8(ascii: "n")
            if isShort { return word[1] == UInt8(ascii: "o") }
            return word == [UInt8(ascii: "n"), UInt8(ascii: "o"), UInt8(ascii: "t")]
        }
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") { break }
            if byte == UInt8(ascii: ",") { continue }
            if byte == UInt8(ascii: " ") {
                if saysNo() { return .no }
                word.removeAll(keepingCapacity: true)
            } else {
                word.append(byte)
            }
        }
        return saysNo() ? .no : .yes
    }

    /// Reads as lmms-eval does for POPE (`tasks/pope/utils.py`): the whole answer, lower case and
    /// stripped, is `yes` or `no`.
    package static func exact(_ text: String) -> YesNoAnswer {
        let answer = PythonText.strip(PythonText.lower(text))
        if PythonText.equal(answer, "yes") { return .yes }
        return PythonText.equal(answer, "no") ? .no : .other
    }

    /// Reads as MME's `eval_tool/calculation.py` does: `yes`, else `no`, within the first four code
    /// points of the lower-case answer.
    package static func mme(_ text: String) -> YesNoAnswer {
        prefix(PythonText.lower(text))
    }

    /// Reads as lmms-eval does for MME (`tasks/mme/utils.py`): stripped, periods deleted, `y` and
    /// `n` alone understood, else the first four code points.
    package static func mmeHarness(_ text: String) -> YesNoAnswer {
        let answer = PythonText.replace(PythonText.strip(PythonText.lower(text)), ".", "")
        if PythonText.equal(answer, "y") { return .yes }
        if PythonText.equal(answer, "n") { return .no }
        return prefix(answer)
    }

    private static func prefix(_ lowercase: String) -> YesNoAnswer {
        let start = String(String.UnicodeScalarView(lowercase.unicodeScalars.prefix(4)))
        if PythonText.contains(start, "yes") { return .yes }
        return PythonText.contains(start, "no") ? .no : .other
    }

    /// Reads as VLMEvalKit does (`vlmeval/dataset/utils/yorn.py`): after its punctuation step the
    /// words contain `yes` but not `no`, or the other way round.
    package static func words(_ text: String) -> YesNoAnswer {
        let words = PythonText.split(withoutPunctuation(PythonText.lower(text)))
        let hasYes = words.contains { PythonText.equal($0, "yes") }
        let hasNo = words.contains { PythonText.equal($0, "no") }
        if hasYes == hasNo { return .other }
        return hasYes ? .yes : .no
    }

    /// VLMEvalKit's `process_punctuation`: marks deleted or made spaces by what the whole text
    /// shows, then at most 32 periods without a digit on either side deleted.
    private static func withoutPunctuation(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let marks = Array(";/[]\"{}()=+\\_-><@`,?!".unicodeScalars)
        var deleted = Set<Unicode.Scalar>()
        for (place, scalar) in scalars.enumerated() {
            let next = place + 1 < scalars.count ? scalars[place + 1] : nil
            if scalar == " ", let next { deleted.insert(next) }
            if next == " " { deleted.insert(scalar) }
            if scalar == ",", place > 0, PythonText.isDecimalDigit(scalars[place - 1]),
                next.map(PythonText.isDecimalDigit) == true
            {
                deleted.formUnion(marks)
            }
        }
        var kept: [Unicode.Scalar] = []
        for scalar in scalars {
            if !marks.contains(scalar) {
                kept.append(scalar)
            } else if !deleted.contains(scalar) {
                kept.append(" ")
            }
        }
        var result = String.UnicodeScalarView()
        var removed = 0
        for (place, scalar) in kept.enumerated() {
            let follows = place > 0 && PythonText.isDecimalDigit(kept[place - 1])
            let precedes = place + 1 < kept.count && PythonText.isDecimalDigit(kept[place + 1])
            if scalar == ".", removed < 32, !follows, !precedes {
                removed += 1
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
