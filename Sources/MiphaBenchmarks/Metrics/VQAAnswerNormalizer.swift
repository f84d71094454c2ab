/// Brings short answers into the form in which the VQA benchmarks compare them.
///
/// Three steps, all with the meaning they have in Python 3 (Unicode digits, whitespace and lower case):
/// 1. cleaning: newline and tab become spaces, whitespace at the ends goes;
/// 2. punctuation: of ``; / [ ] " { } ( ) = + \ _ - > < @ ` , ? !`` every mark that stands beside a
///    space somewhere in the text is deleted, every other one becomes a space; a comma between two
///    digits anywhere makes all of them deleted. Then periods go unless a digit follows, but only
///    the first 32: the reference passes a flag where the number of replacements belongs;
/// 3. words: lower case, number words to digits, `a`, `an`, `the` dropped, contractions mended,
///    single spaces.
///
/// Under Python 2.7, for which the VQA tool was written, only ASCII digits count and U+0130 becomes
/// one character in lower case; of 2,962 adversarial answers 4 score differently then.
///
/// References: GT-Vision-Lab/VQA, `PythonEvaluationTools/vqaEvaluation/vqaEval.py`;
/// facebookresearch/mmf, `mmf/utils/m4c_evaluators.py`; open-compass/VLMEvalKit,
/// `vlmeval/smp/misc.py`.
package struct VQAAnswerNormalizer: Sendable, Hashable {
    /// The forms that public tools use.
    package enum Form: String, Sendable, CaseIterable {
        /// mmf's and LLaVA's processor: first lower case, commas and question marks deleted, `'s`
        /// set apart by a space.
        case evalAI
        /// The VQA tool.
        case vqaEval
        /// lmms-eval on VQAv2: several commas between digits count as well as one.
        case lmmsEval
        /// VLMEvalKit: a period stays when a digit stands before or after it.
        case vlmEvalKit
        /// The VizWiz tool: contractions are mended with curly apostrophes.
        case vizWiz
    }

    /// The form.
    package let form: Form

    /// Makes a normaliser.
    package init(_ form: Form) {
        self.form = form
    }

    /// The form in which an answer is compared.
    package func callAsFunction(_ answer: String) -> String {
        var text = Array(answer.utf8)
        if form == .evalAI { text = Self.preparedForEvalAI(text) }
        Self.clean(&text)
        return String(decoding: words(punctuation(text)), as: UTF8.self)
    }

    /// The answer after the first step only, which is how the VQA tool compares answers to
    /// questions whose ten human answers are all the same.
    package static func cleaned(_ answer: String) -> String {
        var text = Array(answer.utf8)
        clean(&text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func clean(_ text: inout [UInt8]) {
        for place in text.indices where text[place] == 0x0A || text[place] == 0x09 {
            text[place] = 0x20
        }
        PythonBytes.strip(&text)
    }

    private static func preparedForEvalAI(_ text: [UInt8]) -> [UInt8] {
        let lower = PythonBytes.lower(text)
        var result: [UInt8] = []
        result.reserveCapacity(lower.count + 4)
        for byte in lower where byte != UInt8(ascii: ",") && byte != UInt8(ascii: "?") {
            // Deleting first may bring an apostrophe and an s together.
            if byte == UInt8(ascii: "s"), result.last == UInt8(ascii: "'") {
                result[result.count - 1] = 0x20
                result.append(UInt8(ascii: "'"))
            }
            result.append(byte)
        }
        PythonBytes.strip(&result)
        return result
    }

    // MARK: Punctuation

    /// One bit for each ASCII mark.
    private struct Marks {
        private var low: UInt64 = 0
        private var high: UInt64 = 0

        mutating func insert(_ byte: UInt8) {
            if byte < 64 {
                low |= 1 << UInt64(byte)
            } else if byte < 128 {
                high |= 1 << UInt64(byte - 64)
            }
        }

        func contains(_ byte: UInt8) -> Bool {
            if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
            return byte < 128 && high >> UInt64(byte - 64) & 1 == 1
        }
    }

    private static let marks: Marks = {
        var marks = Marks()
        for byte in ";/[]\"{}()=+\\_-><@`,?!".utf8 { marks.insert(byte) }
        return marks
    }()

    private func punctuation(_ text: [UInt8]) -> [UInt8] {
        let marks = Self.marks
        var deleted = Marks()
        var hasMark = false
        var hasPeriod = false
        for place in text.indices {
            let byte = text[place]
            if byte == UInt8(ascii: ".") { hasPeriod = true }
            guard marks.contains(byte) else { continue }
            hasMark = true
            if place > 0 && text[place - 1] == 0x20
                || place + 1 < text.count && text[place + 1] == 0x20
            {
                deleted.insert(byte)
            }
        }
        guard hasMark else { return hasPeriod ? periods(text) : text }
        let deletesAll = hasDigitComma(text)
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for byte in text {
            if !marks.contains(byte) {
                result.append(byte)
            } else if !deletesAll && !deleted.contains(byte) {
                result.append(0x20)
            }
        }
        return hasPeriod ? periods(result) : result
    }

    /// Whether a comma stands between two digits.
    private func hasDigitComma(_ text: [UInt8]) -> Bool {
        for place in text.indices where text[place] == UInt8(ascii: ",") {
            guard PythonBytes.isDigit(text, endingAt: place) else { continue }
            var next = place + 1
            if form == .lmmsEval || form == .evalAI {
                while next < text.count, text[next] == UInt8(ascii: ",") { next += 1 }
            }
            if PythonBytes.isDigit(text, at: next) { return true }
        }
        return false
    }

    private func periods(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var removed = 0
        for place in text.indices {
            if text[place] == UInt8(ascii: "."), removed < 32,
                !PythonBytes.isDigit(text, at: place + 1),
                form != .vlmEvalKit || !PythonBytes.isDigit(text, endingAt: place)
            {
                removed += 1
            } else {
                result.append(text[place])
            }
        }
        return result
    }

    // MARK: Words

    private func words(_ text: [UInt8]) -> [UInt8] {
        let lower = PythonBytes.lower(text)
        let contractions = form == .vizWiz ? Self.curlyContractions : Self.contractions
        var result: [UInt8] = []
        result.reserveCapacity(lower.count + 8)
        PythonBytes.forEachWord(lower) { range in
            let count = range.count
            let first = lower[range.lowerBound]
            if first == UInt8(ascii: "a"),
                count == 1 || count == 2 && lower[range.lowerBound + 1] == UInt8(ascii: "n")
            {
                return
            }
            var word = lower[range]
            if count > 1 && count < 32 {
                let key = Array(word)
                if let number = Self.numbers[key] {
                    word = number[...]
                } else if key == [0x74, 0x68, 0x65] {
                    return
                } else if let spelling = contractions[key] {
                    word = spelling[...]
                }
            }
            if !result.isEmpty { result.append(0x20) }
            result.append(contentsOf: word)
        }
        return result
    }
}
