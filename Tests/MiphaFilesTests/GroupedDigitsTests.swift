import MiphaFiles
import Testing

struct GroupedDigitsTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (-123, "-123"),
        (-1_234_567, "-1,234,567"), (.min, "-9,223,372,036,854,775,808"),
    ])
    func `digits stand in groups of three`(number: Int, text: String) {
        #expect(number.grouped(by: ",") == text)
        #expect(number.grouped(by: " ") == text.replacing(",", with: " "))
    }
}
