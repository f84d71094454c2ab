import MiphaBenchmarks

/// The section at the end of a report: how it was made, and from which files.
struct ProvenanceSection {
    /// What the report says.
    let report: EvaluationReport
    /// Number of images that did not fit.
    let leftOut: Int
    /// Bytes that images may take in all.
    let pictureBudget: Int

    /// Writes the section.
    func write(into page: inout Markup) {
        page.element("section", ["aria-labelledby": "made"]) { section in
            section.element("h2", ["id": "made"], "How this report was made")
            if !report.command.isEmpty { section.element("pre", report.command) }
            section.writeFacts(report.provenance)
            section.element(
                "p",
                "Scores follow the official scorer of each benchmark in the named variant. "
                    + "Intervals are 95 % percentile intervals of a bootstrap with a fixed seed that "
                    + "draws images, not questions, because questions on one image are not "
                    + "independent. Every number on this page carries all its digits in the page's "
                    + "source.")
            if leftOut > 0 {
                section.element(
                    "p", ["class": "meta"],
                    "\(ReportText.count(leftOut, "image")) left out: images on this "
                        + "page may take \(ReportText.grouped(pictureBudget)) bytes in all.")
            }
            writeInputs(into: &section)
        }
    }

    private func writeInputs(into page: inout Markup) {
        let inputs = report.results.flatMap { result in
            (result.score.predictions.map { [("predictions", $0)] } ?? [])
                .map { (result.title, $0.0, $0.1) }
                + result.score.annotations.map { (result.title, "annotations", $0) }
        }
        guard !inputs.isEmpty else { return }
        page.element("h3", "Files")
        page.writeTable(
            "What the scores were made from, with SHA-256.", label: "Files"
        ) { table in
            table.element("thead") { head in
                head.element("tr") { row in
                    for title in ["Benchmark", "File", "SHA-256"] {
                        row.element("th", ["scope": "col"], title)
                    }
                }
            }
            table.element("tbody") { body in
                for (title, kind, input) in inputs {
                    body.element("tr") { row in
                        row.element("th", ["scope": "row"]) { cell in
                            cell.write(title)
                            cell.element("span", ["class": "fine"], kind)
                        }
                        row.element("td", ["class": "said"]) { $0.element("code", input.path) }
                        row.element("td", ["class": "said"]) { $0.element("code", input.sha256) }
                    }
                }
            }
        }
    }
}
