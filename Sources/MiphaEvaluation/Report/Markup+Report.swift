import MiphaBenchmarks

/// What the sections of a report have in common.
extension Markup {
    /// A list of labels and values, nothing where it is empty.
    mutating func writeFacts(_ facts: [EvaluationReport.Fact]) {
        guard !facts.isEmpty else { return }
        element("dl", ["class": "facts"]) { list in
            for fact in facts {
                list.element("div") { line in
                    line.element("dt", fact.label)
                    line.element("dd", fact.value)
                }
            }
        }
    }

    /// A table in a frame that scrolls where the screen is too narrow.
    mutating func writeTable(
        _ caption: String, label: String, kind: String = "", _ body: (inout Markup) -> Void
    ) {
        element(
            "div", ["class": "scroll", "role": "region", "aria-label": label, "tabindex": "0"]
        ) { frame in
            frame.element("table", ["class": kind]) { table in
                table.element("caption") { $0.element("span", caption) }
                body(&table)
            }
        }
    }

    /// A value as shown, with all its digits as machine-readable content.
    mutating func writeValue(_ value: Double, _ unit: Figure.Unit) {
        element("data", ["value": "\(value)"], ReportText.value(value, unit))
        let sign = ReportText.sign(unit)
        guard !sign.isEmpty else { return }
        element("span", ["class": "unit"], "\u{202F}\(sign)")
    }

    /// A value, with its interval below where the screen has no room for a column of it.
    mutating func writeValueAndInterval(_ figure: Figure) {
        writeValue(figure.value, figure.unit)
        guard figure.interval != nil else { return }
        element(
            "span", ["class": "fine thin"], ReportText.interval(figure.interval, figure.unit))
    }

    /// The two ends of a scale of bars.
    mutating func writeEnds(_ low: String, _ high: String) {
        element("span", ["class": "ends"]) { ends in
            ends.element("span", low)
            ends.element("span", high)
        }
    }

    /// Foreign text in a direction of its own, cut when long.
    mutating func writeSaid(_ text: String, _ limit: Int) {
        let (shown, rest) = ReportText.cut(VisibleText.of(text), limit)
        element("span", ["class": "said", "dir": "auto"], shown)
        guard rest > 0 else { return }
        element(
            "span", ["class": "rest"],
            " … \(ReportText.count(rest, "more character", "more characters"))")
    }
}
