import MiphaBenchmarks
import MiphaFiles
import Testing

struct SimilarityTests {
    /// The definition, without any trick.
    private func plainDistance(_ left: [UInt32], _ right: [UInt32]) -> Int {
        var table = [[Int]](
            repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
        for row in 0...left.count {
            for column in 0...right.count {
                if row == 0 || column == 0 {
                    table[row][column] = row + column
                } else {
                    let same = left[row - 1] == right[column - 1] ? 0 : 1
                    table[row][column] = min(
                        table[row - 1][column - 1] + same, table[row - 1][column] + 1,
                        table[row][column - 1] + 1)
                }
            }
        }
        return table[left.count][right.count]
    }

    @Test func `the distance is the table's for short and long texts of any script`() {
        var generator = SplitMix64(seed: 3)
        for _ in 0..<3000 {
            let alphabet: [UInt32] =
                Bool.random(using: &generator) ? [97, 98, 99] : [97, 233, 20013, 0x1F600]
            let longest = Int.random(in: 0...90, using: &generator)
            let texts = (0..<2).map { _ in
                (0..<Int.random(in: 0...longest, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? 97
                }
            }
            let distance = EditDistance.between(texts[0], texts[1])
            #expect(distance == plainDistance(texts[0], texts[1]), "\(texts)")
            #expect(distance == EditDistance.between(texts[1], texts[0]))
        }
    }

    @Test func `code points count, not graphemes`() {
        #expect(EditDistance.between("e\u{301}", "é") == 2)
        #expect(EditDistance.between("\r\n", "\n") == 1)
        #expect(EditDistance.between("", "abc") == 3)
    }

    @Test func `the official length is of the raw text in upper case`() {
        // One replacement; "STRASSE" has 7 letters.
        #expect(ANLS.official.score("strase", ["straße"]) == 1 - 1.0 / 7)
        // Spaces outside count in the length but not in the distance.
        #expect(ANLS.official.score("ab  ", ["ac"]) == 1 - 1.0 / 4)
        #expect(ANLS.stvqa.score("ab  ", ["ac"]) == 0.5)
    }

    @Test func `a half is kept by two rules and dropped by one`() {
        #expect(ANLS.official.score("ab", ["ac"]) == 0.5)
        #expect(ANLS.stvqa.score("ab", ["ac"]) == 0.5)
        #expect(ANLS.pix2struct.score("ab", ["ac"]) == 0)
    }

    @Test(arguments: ANLS.allCases)
    func `two empty texts are alike, an empty and another are not`(_ rule: ANLS) {
        #expect(rule.score("", [""]) == 1)
        #expect(rule.score("", ["x"]) == 0)
        #expect(rule.score("x", [""]) == 0)
        #expect(rule.score("x", []) == 0)
    }

    @Test func `the five per cent are of the right answer, or of the prediction`() {
        #expect(RelaxedAccuracy.pix2struct.isCorrect("105", "100"))
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("94.9", "100"))
        #expect(!RelaxedAccuracy.qwenVL.isCorrect("95", "100"))
        #expect(RelaxedAccuracy.qwenVL.isCorrect("105.2", "100"))
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("105.2", "100"))
    }

    @Test func `zero needs an equal text, a per cent is a hundredth`() {
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("0.0", "0"))
        #expect(RelaxedAccuracy.pix2struct.isCorrect("0", "0"))
        #expect(RelaxedAccuracy.pix2struct.isCorrect("0.05", "5%"))
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("5", "5%"))
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("1,000", "1000"))
        #expect(!RelaxedAccuracy.pix2struct.isCorrect("Yes ", "yes"))
        #expect(RelaxedAccuracy.qwenVL.isCorrect("Yes ", "yes"))
        #expect(RelaxedAccuracy.number("5% ") == nil)
        #expect(RelaxedAccuracy.number("12%%") == 0.12)
    }

    @Test func `NumPy's sums follow its order of additions`() {
        let values = (0..<300).map { 1 / Double($0 + 3) }
        // numpy.sum of the first n, NumPy 1.26.4.
        let sums: [(Int, Double)] = [
            (5, 1.0928571428571427), (11, 1.6801337551337547), (128, 3.948591338265976),
            (300, 4.789297397713862),
        ]
        for (count, sum) in sums {
            #expect(NumPy.sum(Array(values.prefix(count))) == sum, "\(count)")
        }
        #expect(NumPy.round(2.675, 2) == 2.68)
        #expect(NumPy.round(0.25, 1) == 0.2)
    }

    @Test func `Python's float leaves separators at the ends`() {
        #expect(PythonText.float("1\u{1C}") == nil)
        #expect(PythonText.float("٣\u{1C}") == nil)
        #expect(PythonText.float("\u{B}1\u{A0}") == 1)
        #expect(PythonText.float("1\u{0}") == nil)
    }

    @Test func `a letter is read from its usual forms and nothing else`() {
        for text in ["B", "b", "(B)", "B.", "B)", "B: red", "B. red", "(B) red"] {
            #expect(CustomMetric.letter(of: text) == "B", "\(text)")
        }
        for text in ["", "a dog", "A dog", "Blue", "BC", "b.", "B.x", "1", "É", "ß", "(b)"] {
            #expect(CustomMetric.letter(of: text) == nil, "\(text)")
        }
    }
}
