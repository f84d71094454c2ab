/// ChartQA's relaxed accuracy: numbers within 5 %, other texts equal except for case.
///
/// Reference: google-research/pix2struct, `pix2struct/metrics.py`; QwenLM/Qwen-VL,
/// `eval_mm/evaluate_vqa.py`.
package enum RelaxedAccuracy: String, Sendable, CaseIterable {
    /// The 5 % are of the right answer; nothing is stripped.
    case pix2struct
    /// The prediction is stripped, and takes the place of the right answer: the 5 % are of the
    /// prediction, and a prediction of 0 needs an equal text.
    case qwenVL = "qwen-vl"

    /// Whether `prediction` counts as `answer`.
    package func isCorrect(_ prediction: String, _ answer: String) -> Bool {
        switch self {
        case .pix2struct: Self.isClose(to: answer, prediction)
        case .qwenVL: Self.isClose(to: PythonText.strip(prediction), answer)
        }
    }

    /// Whether `text` is within 5 % of the number `target`, or equal to it except for case where one
    /// of them is not a number or the target is 0.
    private static func isClose(to target: String, _ text: String) -> Bool {
        if let wanted = number(target), wanted != 0, let given = number(text) {
            return abs(given - wanted) / abs(wanted) <= 0.05
        }
        return PythonText.equal(PythonText.lower(text), PythonText.lower(target))
    }

    /// The number a text stands for; one that ends with `%` loses all of them and is a hundredth.
    ///
    /// Commas, currency signs and units make it no number.
    package static func number(_ text: String) -> Double? {
        guard text.utf8.last == UInt8(ascii: "%") else { return PythonText.float(text) }
        return PythonText.float(PythonText.rstrip(text, "%")).map { $0 / 100 }
    }

    /// What the comparison sees of a text: its number, or its lower case.
    package func reading(_ prediction: String) -> String {
        let text = self == .qwenVL ? PythonText.strip(prediction) : prediction
        return Self.number(text).map { "\($0)" } ?? PythonText.lower(text)
    }
}
