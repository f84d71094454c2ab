import MiphaBenchmarks
import Testing

struct PythonLiteralTests {
    @Test func `lists of strings are read as Python reads them`() {
        #expect(PythonLiteral.strings("[]") == [])
        #expect(PythonLiteral.strings(#"['a', "b's", 'c\'s' 'd', ]"#) == ["a", "b's", "c'sd"])
        #expect(
            PythonLiteral.strings(#"['$\\frac{1}{2}$', '\d\n\x41\u00e9\101']"#)
                == ["$\\frac{1}{2}$", "\\d\nAéA"])
        for text in [
            "", "[", "['a'", "['a' , , 'b']", "['a]", "[1]", "['a'] x", "'a'", "['\\x4']",
            "['\\ud800']", "['a\n']", "[,]",
        ] {
            #expect(PythonLiteral.strings(text) == nil, "\(text)")
        }
    }
}
