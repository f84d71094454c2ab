import MiphaBenchmarks
import MiphaFiles
import MiphaTestSupport
import Testing

struct VQANormalizerTests {
    private static let table = PackagePaths.sharedData("data/scorers/normalization_table.json")

    @Test(.enabled(if: table != nil))
    func `every row of the published table comes out`() throws {
        let path = try #require(Self.table)
        let rows = try #require(JSONValue(contentsOf: path)["rows"]?.arrayValue)
        #expect(rows.count == 4079)
        let evalAI = VQAAnswerNormalizer(.evalAI)
        let vqaEval = VQAAnswerNormalizer(.vqaEval)
        var differences: [String] = []
        for row in rows {
            let input = try #require(row["in"]?.stringValue)
            let first = evalAI(input)
            let second = vqaEval(input)
            if !PythonText.equal(first, row["evalai"]?.stringValue ?? "?") {
                differences.append("evalai \(input.debugDescription): \(first.debugDescription)")
            }
            if !PythonText.equal(second, row["vqaeval"]?.stringValue ?? "?") {
                differences.append("vqaeval \(input.debugDescription): \(second.debugDescription)")
            }
        }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(5))")
    }

    @Test(arguments: [
        ("1,000 a/b", "1000 ab"), ("a/b", "b"), ("x / y/c", "x yc"), ("3.", "3"),
        ("3.5", "3.5"), (".5", ".5"), ("u.s.", "us"), ("Dont", "don't"), ("ten One none", "10 1 0"),
        ("The  a an cat", "cat"), ("Im", "im"), ("let's", "let's"), ("somebody'd", "somebodyd"),
        ("", ""), ("\u{A0}the\u{3000}", ""), ("1,٢ x;y", "1٢ xy"), ("K-9", "k 9"),
    ])
    func `the VQA tool's form`(input: String, expected: String) {
        #expect(VQAAnswerNormalizer(.vqaEval)(input) == expected)
    }

    @Test(arguments: [
        ("1,000", "1000"), ("10,5", "105"), ("dog's", "dog 's"), ("'?s", "'s"), ("What?", "what"),
        ("İ", "i̇"),
    ])
    func `the EvalAI form`(input: String, expected: String) {
        #expect(PythonText.equal(VQAAnswerNormalizer(.evalAI)(input), expected))
    }

    @Test func `only 32 periods go`() {
        let dots = String(repeating: ".", count: 40)
        for form in VQAAnswerNormalizer.Form.allCases {
            #expect(VQAAnswerNormalizer(form)("x\(dots)") == "x........")
        }
    }

    @Test func `VLMEvalKit keeps a period behind a digit`() {
        #expect(VQAAnswerNormalizer(.vlmEvalKit)("5.") == "5.")
        #expect(VQAAnswerNormalizer(.vlmEvalKit)("no.") == "no")
        #expect(VQAAnswerNormalizer(.vqaEval)("5.") == "5")
    }

    @Test func `lmms-eval takes several commas between digits for one`() {
        #expect(VQAAnswerNormalizer(.lmmsEval)("1,,2/3") == "123")
        #expect(VQAAnswerNormalizer(.vqaEval)("1,,2/3") == "1 2 3")
    }

    @Test func `VizWiz mends with curly apostrophes`() {
        #expect(VQAAnswerNormalizer(.vizWiz)("dont cant") == "don’t can't")
        #expect(VQAAnswerNormalizer(.vizWiz)("couldn'tve") == "couldn’t’ve")
        #expect(VQAAnswerNormalizer(.vizWiz)("hadn’tve") == "hadn’tve")
    }

    @Test func `cleaning changes only blanks`() {
        #expect(VQAAnswerNormalizer.cleaned("\t The\ncat\u{1C}") == "The cat")
    }

    @Test func `normalising arbitrary texts ends and leaves no mark`() {
        var generator = SplitMix64(seed: 5)
        let pieces = [
            "a", "the", "s", "'", ",", ".", "?", "1", "٣", " ", "\n", "É", "e\u{301}", "Σ", "/",
            "-",
            "\u{2003}", "dont", "none", "\u{130}", "😀",
        ]
        for _ in 0..<3000 {
            let count = Int.random(in: 0..<12, using: &generator)
            var text = ""
            for _ in 0..<count { text += pieces.randomElement(using: &generator) ?? "" }
            for form in VQAAnswerNormalizer.Form.allCases {
                let result = VQAAnswerNormalizer(form)(text)
                #expect(
                    !result.unicodeScalars.contains {
                        ";/[]\"{}()=+\\_-><@`,?!".unicodeScalars.contains($0)
                    })
                #expect(PythonText.equal(result, PythonText.split(result).joined(separator: " ")))
            }
        }
    }
}
