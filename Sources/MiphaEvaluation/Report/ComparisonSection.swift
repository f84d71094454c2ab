import MiphaBenchmarks

/// The section of a report with published results beside ours, as a table and as a plot.
struct ComparisonSection {
    /// Our figures and published ones.
    let comparison: ReportComparison
    /// The name of our model.
    let model: String

    /// Writes the section; nothing for fewer than three axes without a published value.
    func write(into page: inout Markup) {
        let shared = comparison.axes.filter { $0.published.contains { $0 != nil } }
        guard !shared.isEmpty || comparison.axes.count > 2 else { return }
        page.element("section", ["aria-labelledby": "published"]) { section in
            section.element(
                "h2", ["id": "published"],
                shared.isEmpty ? "Overview" : "Beside published results")
            if !shared.isEmpty {
                writeModels(shared, into: &section)
                section.element(
                    "p", ["class": "meta"],
                    "Bold: the highest of a row. Published values are as their authors round them, "
                        + "without intervals, and may rest on other prompts or scorers. "
                        + "\(Self.sources(comparison.models)).")
            }
            section.element("figure") { figure in
                if comparison.axes.count < 3 {
                    writeBars(into: &figure)
                } else {
                    let plot = RadarPlot(comparison, own: model)
                    figure.element("div", ["class": "plot"]) { frame in
                        plot.write(into: &frame)
                        plot.writeLegend(into: &frame)
                    }
                    figure.element(
                        "figcaption",
                        "Each axis has its own scale, written below its name: the first number is "
                            + "the centre, the second the rim, so that lengths cannot be compared "
                            + "from one axis to another. A gap in a line: no published value.")
                }
            }
        }
    }

    private func writeModels(_ axes: [ReportComparison.Axis], into page: inout Markup) {
        page.writeTable(
            "Percent, for MME points. An en dash: not published.", label: "Published results",
            kind: "models"
        ) { table in
            table.element("thead") { head in
                head.element("tr") { row in
                    row.element("th", ["scope": "col"], "Benchmark")
                    row.element("th", ["scope": "col", "class": "num own"], model)
                    for published in comparison.models {
                        row.element("th", ["scope": "col", "class": "num"], published.model)
                    }
                }
            }
            table.element("tbody") { body in
                for axis in axes { writeRow(axis, into: &body) }
            }
        }
    }

    /// Who published what: `A, B: their README; C: its paper`.
    private static func sources(_ models: [ReferenceTable.Row]) -> String {
        var parts: [(source: String, names: [String])] = []
        for model in models {
            if let place = parts.firstIndex(where: { $0.source == model.source }) {
                parts[place].names.append(model.model)
            } else {
                parts.append((model.source, [model.model]))
            }
        }
        return parts.map { "\($0.names.joined(separator: ", ")): \($0.source)" }
            .joined(separator: "; ")
    }

    private func writeRow(_ axis: ReportComparison.Axis, into body: inout Markup) {
        // Published values have one digit after the point; ours competes as it would be printed.
        let best = axis.published.compactMap(\.self).max() ?? -.infinity
        let isBest = (axis.own * 10).rounded() >= (best * 10).rounded()
        body.element("tr") { row in
            row.element("th", ["scope": "row"], axis.name)
            row.element("td", ["class": isBest ? "num own best" : "num own"]) { cell in
                cell.element(
                    "data", ["value": "\(axis.own)"], ReportText.number(axis.own, digits: 1))
            }
            for value in axis.published {
                let isHighest = value == best && best >= (axis.own * 10).rounded() / 10
                row.element(
                    "td", ["class": isHighest ? "num best" : "num"],
                    value.map { ReportText.number($0, digits: 1) } ?? "–")
            }
        }
    }

    /// Bars in the place of a radar plot that would have fewer than three axes.
    private func writeBars(into page: inout Markup) {
        let names = [model] + comparison.plotted.map { comparison.models[$0].model }
        for axis in comparison.axes {
            page.element("h3", axis.name)
            for (rank, value) in axis.values(of: comparison.plotted).enumerated() {
                guard let value else { continue }
                page.element("div", ["class": "pair s\(rank)"]) { pair in
                    pair.element("span", names[rank])
                    var figure = Figure("", value: value, unit: .points)
                    figure.interval = rank == 0 ? axis.interval : nil
                    FigureBar(figure, scale: axis.fullScale).write(into: &pair)
                    pair.element(
                        "span", ["class": "num"], ReportText.number(value, digits: 1))
                }
            }
        }
        page.element(
            "figcaption",
            "Bars run from nothing to the full scale; the line across a bar's end is the 95 % "
                + "interval.")
    }
}
