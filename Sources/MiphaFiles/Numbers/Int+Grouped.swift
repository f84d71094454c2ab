extension Int {
    /// The digits in groups of three.
    package func grouped(by separator: String) -> String {
        let digits = String(magnitude)
        var text = self < 0 ? "-" : ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { text += separator }
            text.append(digit)
        }
        return text
    }
}
