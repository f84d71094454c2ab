import MiphaBenchmarks

extension HTMLReport {
    /// The scores of all benchmarks.
    func writeOverview(into page: inout Markup) {
        page.element("section", ["aria-labelledby": "scores"]) { section in
            section.element("h2", ["id": "scores"], "Scores")
            guard !report.results.isEmpty else {
                section.element("p", "No benchmark has been scored.")
                return
            }
            Self.writeTable(
                "Score of each benchmark with its 95 % interval. Bars run from nothing to the full "
                    + "scale; the line across a bar's end is the interval.",
                label: "Scores", into: &section
            ) { table in
                table.element("thead") { head in
                    head.element("tr") { row in
                        row.element("th", ["scope": "col"], "Benchmark")
                        row.element("th", ["scope": "col", "class": "num"], "Score")
                        row.element(
                            "th", ["scope": "col", "class": "num wide"], "95 % interval")
                        row.element("th", ["scope": "col", "class": "barcol small wide"]) {
                            Self.writeEnds("0", "full scale", into: &$0)
                        }
                        row.element("th", ["scope": "col", "class": "num"], "Questions")
                        row.element("th", ["scope": "col", "class": "wide"], "Variant")
                    }
                }
                table.element("tbody") { body in
                    for result in report.results { writeRows(of: result, into: &body) }
                }
            }
        }
    }

    /// A value, with its interval below where the screen has no room for a column of it.
    static func writeValueAndInterval(_ figure: Figure, into cell: inout Markup) {
        writeValue(figure.value, figure.unit, into: &cell)
        guard figure.interval != nil else { return }
        cell.element(
            "span", ["class": "fine thin"], ReportText.interval(figure.interval, figure.unit))
    }

    /// The headline, and the other figures that published tables show.
    static func shownFigures(_ result: EvaluationReport.Result) -> [Figure] {
        var figures = result.score.headline.map { [$0] } ?? []
        for column in result.columns {
            guard let figure = result.score.figure(column.figure),
                !figures.contains(where: { $0.label == figure.label })
            else { continue }
            figures.append(figure)
        }
        return figures
    }

    private func writeRows(of result: EvaluationReport.Result, into body: inout Markup) {
        let figures = Self.shownFigures(result)
        if figures.isEmpty {
            body.element("tr") { row in
                row.element("th", ["scope": "row"], result.title)
                row.element("td", ["class": "num score"], "–")
                row.element("td", ["class": "num wide"], "–")
                row.empty("td", ["class": "wide"])
                row.element(
                    "td", ["class": "num"], ReportText.grouped(result.score.counts.questions))
                row.element("td", ["class": "wide"], result.score.variant)
            }
        }
        for (place, figure) in figures.enumerated() {
            body.element("tr", ["class": place == 0 ? "top" : "sub"]) { row in
                row.element("th", ["scope": "row"]) { cell in
                    if place == 0 { cell.write(result.title) }
                    if figures.count > 1 || place > 0 {
                        cell.element("span", ["class": "fine"], figure.label)
                    }
                    cell.element("span", ["class": "fine thin"], result.score.variant)
                }
                row.element("td", ["class": "num score"]) {
                    Self.writeValueAndInterval(figure, into: &$0)
                }
                row.element(
                    "td", ["class": "num wide"],
                    ReportText.interval(figure.interval, figure.unit))
                row.element("td", ["class": "bar wide", "aria-hidden": "true"]) {
                    let scale = Self.fullScale(figure, of: result, report.references)
                    Self.writeBar(figure, scale: scale, into: &$0)
                }
                row.element(
                    "td", ["class": "num"],
                    ReportText.grouped(figure.count ?? result.score.counts.questions))
                row.element("td", ["class": "wide"], place == 0 ? result.score.variant : "")
            }
        }
    }

    private static func fullScale(
        _ figure: Figure, of result: EvaluationReport.Result, _ references: ReferenceTable
    ) -> Double {
        if figure.unit == .points,
            let pair = result.columns.first(where: {
                result.score.figure($0.figure)?.label == figure.label
            }), let column = references.column(named: pair.column)
        {
            return column.fullScale
        }
        return scale([figure])
    }

    /// The full scale of bars for figures of one kind.
    static func scale(_ figures: [Figure]) -> Double {
        let largest =
            figures.map { max($0.value, $0.interval?.high ?? $0.value) }.filter(\.isFinite).max()
            ?? 0
        switch figures.first?.unit {
        case .fraction: return max(1, AxisRange.roundedUp(largest))
        case .percent: return max(100, AxisRange.roundedUp(largest))
        default: return AxisRange.roundedUp(largest)
        }
    }

    static func writeEnds(_ low: String, _ high: String, into page: inout Markup) {
        page.element("span", ["class": "ends"]) { ends in
            ends.element("span", low)
            ends.element("span", high)
        }
    }

    /// A bar with the interval as whisker; the number stands beside it.
    static func writeBar(_ figure: Figure, scale: Double, into page: inout Markup) {
        func share(_ value: Double) -> Double {
            value.isFinite && scale > 0 ? min(max(100 * value / scale, 0), 100) : 0
        }
        func percent(_ value: Double) -> String { "\(ReportText.number(value, digits: 2))%" }
        page.element("span", ["class": "track", "aria-hidden": "true"]) { track in
            track.element(
                "span", ["class": "fill", "style": "width:\(percent(share(figure.value)))"], "")
            guard let interval = figure.interval else { return }
            let (low, high) = (share(interval.low), share(interval.high))
            track.element(
                "span",
                ["class": "whisker", "style": "left:\(percent(low));width:\(percent(high - low))"],
                "")
        }
    }
}
