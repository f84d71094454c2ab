import MiphaBenchmarks
import Testing

struct PythonTextTests {
    @Test func `float takes what Python takes`() {
        let numbers = [" 5", "+5", ".5", "5.", "1e5", "nan", "-Infinity", "1_000", "٣", "1e-5"]
        for text in numbers { #expect(PythonText.float(text) != nil, "\(text)") }
        for text in ["0x1A", "1,000", "", "_1", "1_", "1__0", ".", "e5", "1e", "--1", "1 2"] {
            #expect(PythonText.float(text) == nil, "\(text)")
        }
    }

    @Test func `rounding looks at the exact binary value`() {
        #expect(PythonText.round(2.675, 2) == 2.67)
        #expect(PythonText.round(0.125, 2) == 0.12)
        #expect(PythonText.round(2.5, 0) == 2)
    }
}
