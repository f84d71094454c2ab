import MiphaBenchmarks

/// The section of a report with everything about one benchmark.
struct ResultSection {
    /// The benchmark's answers that are shown, and its result.
    let answers: AnswerGallery
    /// The section's name in addresses.
    let anchor: String

    private var result: EvaluationReport.Result { answers.result }

    /// The name in addresses of the section of the result at a place, from 0.
    static func anchor(_ index: Int) -> String { "benchmark-\(index + 1)" }

    /// Writes the section.
    ///
    /// - Parameter pictures: what images may still take; lowered by those of this section.
    func write(_ pictures: inout PictureBudget, into page: inout Markup) {
        page.element("section", ["id": anchor, "aria-labelledby": "\(anchor)-title"]) { section in
            section.element("h2", ["id": "\(anchor)-title"], result.title)
            if let headline = result.score.headline {
                section.element("p", ["class": "headline"]) {
                    Self.writeHeadline(headline, into: &$0)
                }
            }
            section.element("p", ["class": "meta"], summary)
            writeOtherFigures(into: &section)
            for group in Self.partGroups(result.score.figures) {
                Self.writeParts(group, of: result.title, into: &section)
            }
            if !result.score.notes.isEmpty {
                section.element("h3", "Notes")
                section.element("ul", ["class": "notes"]) { list in
                    for note in result.score.notes { list.element("li", note) }
                }
            }
            answers.writeUnresolved(into: &section)
            answers.writeWorst(&pictures, into: &section)
        }
    }

    private static func writeHeadline(_ figure: Figure, into page: inout Markup) {
        page.writeValue(figure.value, figure.unit)
        page.element("span", ["class": "fine"]) { span in
            span.write(figure.label)
            guard figure.interval != nil else { return }
            span.write(", 95 % interval ")
            span.element(
                "span", ["class": "nowrap"], ReportText.interval(figure.interval, figure.unit))
        }
    }

    /// Variant, counts and speed in one line.
    private var summary: String {
        let counts = result.score.counts
        var variant = "Variant \(result.score.variant)"
        if !result.variantSummary.isEmpty { variant += ": \(result.variantSummary)" }
        while variant.hasSuffix(".") { variant.removeLast() }
        var parts = [ReportText.count(counts.questions, "question")]
        if counts.scored == counts.questions {
            parts.append("all answers understood")
        } else {
            for (count, word) in [
                (counts.scored, "understood"), (counts.unparsed, "not understood"),
                (counts.ambiguous, "ambiguous"), (counts.missing, "without an answer"),
            ] where count > 0 {
                parts.append("\(ReportText.grouped(count)) \(word)")
            }
        }
        var text = "\(variant). \(parts.joined(separator: ", "))."
        if let speed = result.score.speed {
            if speed.questionsPerSecond.isFinite {
                text += " \(ReportText.short(speed.questionsPerSecond)) questions a second."
            }
            text +=
                " \(ReportText.count(speed.pictures, "image")), "
                + "\(ReportText.count(speed.towerCalls, "call")) of the vision tower."
        }
        return text
    }

    /// Figures over everything beside the headline.
    private func writeOtherFigures(into page: inout Markup) {
        let figures = result.score.figures.filter { $0.part == nil }
        guard figures.count > 1 else { return }
        page.writeTable(
            "Figures over all questions.", label: "Figures of \(result.title)"
        ) { table in
            table.element("thead") { head in
                head.element("tr") { row in
                    row.element("th", ["scope": "col"], "Figure")
                    row.element("th", ["scope": "col", "class": "num"], "Value")
                    row.element("th", ["scope": "col", "class": "num wide"], "95 % interval")
                    row.element("th", ["scope": "col", "class": "num"], "Questions")
                }
            }
            table.element("tbody") { body in
                for figure in figures {
                    body.element("tr") { row in
                        row.element("th", ["scope": "row"], figure.name)
                        row.element("td", ["class": "num"]) { $0.writeValueAndInterval(figure) }
                        row.element(
                            "td", ["class": "num wide"],
                            ReportText.interval(figure.interval, figure.unit))
                        row.element(
                            "td", ["class": "num"],
                            figure.count.map { ReportText.grouped($0) } ?? "–")
                    }
                }
            }
        }
    }

    /// Figures of one name over the parts of one kind.
    private static func partGroups(_ figures: [Figure]) -> [[Figure]] {
        var groups: [[Figure]] = []
        for figure in figures where figure.part != nil {
            let place = groups.firstIndex { group in
                group[0].name == figure.name && group[0].dimension == figure.dimension
                    && group[0].unit == figure.unit
            }
            if let place {
                groups[place].append(figure)
            } else {
                groups.append([figure])
            }
        }
        return groups
    }

    private static let openParts = 40

    private static func writeParts(
        _ figures: [Figure], of title: String, into page: inout Markup
    ) {
        guard let first = figures.first else { return }
        let name = (first.dimension ?? "part").replacing("_", with: " ")
        let heading = "\(first.name) by \(name)"
        let head = heading.prefix(1).uppercased() + heading.dropFirst()
        if figures.count > openParts {
            page.element("details") { details in
                details.element(
                    "summary", "\(head): \(ReportText.count(figures.count, "part"))")
                writePartTable(figures, label: "\(title): \(heading)", into: &details)
            }
        } else {
            page.element("h3", head)
            writePartTable(figures, label: "\(title): \(heading)", into: &page)
        }
    }

    private static func writePartTable(
        _ figures: [Figure], label: String, into page: inout Markup
    ) {
        let scale = FigureBar.fullScale(of: figures)
        let unit = figures[0].unit
        let sign = ReportText.sign(unit)
        let known = figures.contains { $0.interval != nil }
        let caption =
            (known ? "With 95 % intervals" : "Without intervals")
            + (sign.isEmpty ? "." : ", in \(unit == .percent ? "percent" : sign).")
        page.writeTable(caption, label: label, kind: "parts") { table in
            table.element("thead") { head in
                head.element("tr") { row in
                    row.element("th", ["scope": "col"], "Part")
                    row.element("th", ["scope": "col", "class": "barcol"]) {
                        $0.writeEnds("0", ReportText.short(scale))
                    }
                    row.element("th", ["scope": "col", "class": "num"], "Value")
                    if known {
                        row.element("th", ["scope": "col", "class": "num wide"], "95 % interval")
                    }
                    row.element("th", ["scope": "col", "class": "num"], "Count")
                }
            }
            table.element("tbody") { body in
                for figure in figures {
                    body.element("tr") { writePart(figure, scale, known, into: &$0) }
                }
            }
        }
    }

    private static func writePart(
        _ figure: Figure, _ scale: Double, _ hasInterval: Bool, into row: inout Markup
    ) {
        let interval = ReportText.interval(figure.interval, figure.unit)
        row.element("th", ["scope": "row"], figure.part ?? "")
        row.element("td", ["class": "bar", "aria-hidden": "true"]) {
            FigureBar(figure, scale: scale).write(into: &$0)
        }
        row.element("td", ["class": "num"]) { cell in
            cell.element(
                "data", ["value": "\(figure.value)"], ReportText.value(figure.value, figure.unit))
            if hasInterval { cell.element("span", ["class": "fine thin"], interval) }
        }
        if hasInterval { row.element("td", ["class": "num wide"], interval) }
        row.element("td", ["class": "num"], figure.count.map { ReportText.grouped($0) } ?? "–")
    }
}
