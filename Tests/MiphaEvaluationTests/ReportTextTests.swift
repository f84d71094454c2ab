import MiphaBenchmarks
import MiphaEvaluation
import Testing

struct ReportTextTests {
    @Test func `values keep the digits that the official tools print`() {
        // GQA's eval.py prints its distribution with two digits.
        #expect(ReportText.value(1.086, .points) == "1.09")
        #expect(ReportText.value(61.2542, .percent) == "61.25")
        #expect(ReportText.value(0.61254, .fraction) == "0.6125")
        #expect(ReportText.value(1234, .count) == "1,234")
        #expect(ReportText.value(.nan, .percent) == "–")
    }

    @Test func `a comparison shows one digit more than the figures do`() {
        #expect(ReportText.compared(0.00042, .fraction) == "0.00042")
        #expect(ReportText.compared(-0.0421, .percent) == "-0.042")
    }
}
