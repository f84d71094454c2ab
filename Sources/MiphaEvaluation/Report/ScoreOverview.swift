import MiphaBenchmarks

/// The section of a report with the scores of all benchmarks.
struct ScoreOverview {
    /// What the report says.
    let report: EvaluationReport

    /// Writes the section.
    func write(into page: inout Markup) {
        page.element("section", ["aria-labelledby": "scores"]) { section in
            section.element("h2", ["id": "scores"], "Scores")
            guard !report.results.isEmpty else {
                section.element("p", "No benchmark has been scored.")
                return
            }
            section.writeTable(
                "Score of each benchmark with its 95 % interval. Bars run from nothing to the full "
                    + "scale; the line across a bar's end is the interval.",
                label: "Scores"
            ) { table in
                table.element("thead") { head in
                    head.element("tr") { row in
                        row.element("th", ["scope": "col"], "Benchmark")
                        row.element("th", ["scope": "col", "class": "num"], "Score")
                        row.element(
                            "th", ["scope": "col", "class": "num wide"], "95 % interval")
                        row.element("th", ["scope": "col", "class": "barcol small wide"]) {
                            $0.writeEnds("0", "full scale")
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

    private func writeRows(of result: EvaluationReport.Result, into body: inout Markup) {
        let figures = result.shownFigures
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
                row.element("td", ["class": "num score"]) { $0.writeValueAndInterval(figure) }
                row.element(
                    "td", ["class": "num wide"],
                    ReportText.interval(figure.interval, figure.unit))
                row.element("td", ["class": "bar wide", "aria-hidden": "true"]) {
                    let scale = Self.fullScale(figure, of: result, report.references)
                    FigureBar(figure, scale: scale).write(into: &$0)
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
        return FigureBar.fullScale(of: [figure])
    }
}
