/// Average normalised Levenshtein similarity of one answer, in the three ways that are in use.
///
/// Similarity is 1 - distance / length, taken for the best of the right answers and set to 0 where
/// it is too low. Distances and lengths are in code points.
package enum ANLS: String, Sendable, CaseIterable {
    /// The server of the Robust Reading Competition (copy: OpenGVLab/InternVL,
    /// `internvl_chat/eval/vqa/infographicsvqa_eval.py`; lmms-eval, VLMEvalKit).
    ///
    /// Texts are stripped, lower-cased and their whitespace collapsed; the length is that of the longer
    /// of the two texts as given, in upper case, so `ß` counts twice and outer whitespace counts. 0.5 is
    /// kept.
    case official
    /// google-research/pix2struct, `pix2struct/metrics.py`.
    ///
    /// Texts are lower-cased only; exactly 0.5 becomes 0.
    case pix2struct
    /// `STVQAANLSEvaluator` of MMF (copy: haotian-liu/LLaVA, `llava/eval/m4c_evaluator.py`).
    ///
    /// Texts are lower-cased and stripped, lengths taken after that; 0.5 is kept.
    case stvqa

    /// The similarity of `prediction` to the best of `answers`, 0 to 1; 0 without answers.
    ///
    /// Two empty texts are alike (1): pix2struct and MMF divide by zero there.
    package func score(_ prediction: String, _ answers: [String]) -> Double {
        guard !answers.isEmpty else { return 0 }
        switch self {
        case .official:
            let given = Self.collapsed(prediction)
            let givenLength = Self.upperLength(prediction)
            var least = Double.infinity
            for answer in answers {
                let distance = EditDistance.between(Self.collapsed(answer), given)
                let length = max(Self.upperLength(answer), givenLength)
                least = min(least, length == 0 ? 0 : Double(distance) / Double(length))
            }
            let result = 1 - least
            return result < 0.5 ? 0 : result
        case .pix2struct:
            let given = Self.scalars(PythonText.lower(prediction))
            return best(answers) { answer in
                let wanted = Self.scalars(PythonText.lower(answer))
                let share = Self.share(wanted, given)
                return share < 0.5 ? 1 - share : 0
            }
        case .stvqa:
            let given = Self.scalars(PythonText.strip(PythonText.lower(prediction)))
            return best(answers) { answer in
                let wanted = Self.scalars(PythonText.strip(PythonText.lower(answer)))
                let result = 1 - Self.share(wanted, given)
                return result >= 0.5 ? result : 0
            }
        }
    }

    private func best(_ answers: [String], _ score: (String) -> Double) -> Double {
        answers.reduce(0) { max($0, score($1)) }
    }

    /// The part of the longer text that would have to change.
    private static func share(_ left: [UInt32], _ right: [UInt32]) -> Double {
        let length = max(left.count, right.count)
        return length == 0 ? 0 : Double(EditDistance.between(left, right)) / Double(length)
    }

    private static func scalars(_ text: String) -> [UInt32] {
        text.unicodeScalars.map(\.value)
    }

    private static func collapsed(_ text: String) -> [UInt32] {
        scalars(
            PythonText.split(PythonText.lower(PythonText.strip(text))).joined(separator: " "))
    }

    private static func upperLength(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return PythonText.upper(text).unicodeScalars.count
    }
}
