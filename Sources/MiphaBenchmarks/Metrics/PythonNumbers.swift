/// Finds numbers in a text as three regular expressions of MMMU's evaluation do, in their order:
/// comma-grouped, scientific, simple.
///
/// Reference: MMMU-Benchmark/MMMU, `mmmu/utils/eval_utils.py`. Digits and word boundaries are those
/// of Python's Unicode expressions.
enum PythonNumbers {
    /// All numbers as they are written; one number may come from two expressions.
    static func all(in text: String) -> [String] {
        let scanner = Scanner(scalars: Array(text.unicodeScalars))
        return scanner.all(scanner.grouped) + scanner.all(scanner.scientific)
            + scanner.all(scanner.simple)
    }

    private struct Scanner {
        let scalars: [Unicode.Scalar]

        /// All matches from left to right that do not overlap.
        func all(_ match: (Int) -> Int?) -> [String] {
            var found: [String] = []
            var place = 0
            while place < scalars.count {
                if let end = match(place) {
                    var text = String.UnicodeScalarView()
                    text.append(contentsOf: scalars[place..<end])
                    found.append(String(text))
                    place = end
                } else {
                    place += 1
                }
            }
            return found
        }

        func isDigit(_ place: Int) -> Bool {
            place < scalars.count && PythonText.isDecimalDigit(scalars[place])
        }

        func isWord(_ place: Int) -> Bool {
            place < scalars.count && PythonText.isWord(scalars[place])
        }

        func has(_ scalar: Unicode.Scalar, _ place: Int) -> Bool {
            place < scalars.count && scalars[place] == scalar
        }

        func endOfDigits(_ place: Int) -> Int {
            var end = place
            while isDigit(end) { end += 1 }
            return end
        }

        /// An exponent: e, an optional sign, digits.
        func endOfExponent(_ place: Int) -> Int? {
            guard has("e", place) || has("E", place) else { return nil }
            let digits = has("+", place + 1) || has("-", place + 1) ? place + 2 : place + 1
            return isDigit(digits) ? endOfDigits(digits) : nil
        }

        /// One to three digits at a word boundary and groups of a comma and three digits.
        func grouped(_ start: Int) -> Int? {
            var place = start
            if has("-", place) {
                place += 1
            } else if place > 0, isWord(place - 1) {
                return nil
            }
            guard isDigit(place) else { return nil }
            place = endOfDigits(place)
            let first = has("-", start) ? start + 1 : start
            guard place - first <= 3 else { return nil }
            var groups = 0
            while has(",", place), isDigit(place + 1), isDigit(place + 2), isDigit(place + 3) {
                place += 4
                groups += 1
            }
            // After the last group but one comes a comma, which is a boundary.
            if isWord(place) {
                groups -= 1
                place -= 4
            }
            return groups > 0 ? place : nil
        }

        func scientific(_ start: Int) -> Int? {
            var place = has("-", start) ? start + 1 : start
            guard isDigit(place) else { return nil }
            place = endOfDigits(place)
            if has(".", place), isDigit(place + 1) { place = endOfDigits(place + 1) }
            return endOfExponent(place)
        }

        func simple(_ start: Int) -> Int? {
            let first = has("-", start) ? start + 1 : start
            let whole = endOfDigits(first)
            if has(".", whole), isDigit(whole + 1) {
                let end = endOfDigits(whole + 1)
                if isEnd(end) { return end }
            }
            guard whole > first, !isWord(whole), isEnd(whole) else { return nil }
            return whole
        }

        private func isEnd(_ place: Int) -> Bool {
            endOfExponent(place) == nil && !has(",", place) && !isDigit(place)
        }
    }
}
