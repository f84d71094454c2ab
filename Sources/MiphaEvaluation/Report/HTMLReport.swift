import MiphaBenchmarks

/// A report as one HTML file that needs nothing else: no script, no font, no request.
///
/// Models, questions and answers are foreign text: all of it is escaped, and a content security
/// policy in the head forbids scripts and requests besides. The text is well-formed XML too.
public struct HTMLReport: Sendable {
    /// What the report says.
    public var report: EvaluationReport
    /// Bytes of images that are put in; those beyond are left out with a note.
    public var pictureBudget = 4 << 20
    /// Code points of an answer that are shown.
    public var answerLimit = 400
    /// Answers that were not understood that are listed for a benchmark.
    public var unresolvedLimit = 100

    /// Makes a layout of a report.
    public init(_ report: EvaluationReport) {
        self.report = report
    }

    /// The page.
    public var text: String {
        var page = Markup()
        page.writeVerbatim("<!DOCTYPE html>")
        page.element("html", ["lang": "en"]) { html in
            writeHead(into: &html)
            html.element("body") { body in
                var pictures = PictureBudget(rest: pictureBudget)
                body.element("header") { writeHeader(into: &$0) }
                body.element("main") { main in
                    writeOverview(into: &main)
                    writeComparison(ReportComparison(report), into: &main)
                    for index in report.results.indices {
                        writeResult(index, &pictures, into: &main)
                    }
                }
                body.element("footer") { writeProvenance(pictures, into: &$0) }
            }
        }
        return page.text + "\n"
    }

    private func writeHead(into page: inout Markup) {
        page.element("head") { head in
            head.empty("meta", ["charset": "utf-8"])
            head.empty(
                "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
            head.empty(
                "meta",
                [
                    "http-equiv": "Content-Security-Policy",
                    "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
                ])
            head.empty("meta", ["name": "color-scheme", "content": "light dark"])
            head.element("title", "Evaluation of \(report.model)")
            head.element("style") { style in
                style.writeVerbatim("\n")
                style.writeVerbatim(ReportStyle.sheet)
                style.writeVerbatim("\n")
            }
        }
    }

    private func writeHeader(into page: inout Markup) {
        page.element("p", ["class": "kicker"], "Evaluation report")
        page.element("h1", report.model)
        let asked = report.results.reduce(0) { $0 + $1.score.counts.questions }
        let benchmarks = ReportText.count(report.results.count, "benchmark")
        page.element(
            "p", ["class": "byline"],
            "\(benchmarks), \(ReportText.count(asked, "question")). \(report.date)")
        Self.writeFacts(report.facts + report.settings, into: &page)
        guard report.results.count > 1 else { return }
        page.element("nav", ["aria-label": "Benchmarks"]) { nav in
            for (index, result) in report.results.enumerated() {
                nav.element("a", ["href": "#\(Self.anchor(index))"], result.title)
            }
        }
    }

    static func anchor(_ index: Int) -> String { "benchmark-\(index + 1)" }

    static func writeFacts(_ facts: [EvaluationReport.Fact], into page: inout Markup) {
        guard !facts.isEmpty else { return }
        page.element("dl", ["class": "facts"]) { list in
            for fact in facts {
                list.element("div") { line in
                    line.element("dt", fact.label)
                    line.element("dd", fact.value)
                }
            }
        }
    }

    /// A table in a frame that scrolls where the screen is too narrow.
    static func writeTable(
        _ caption: String, label: String, kind: String = "",
        into page: inout Markup, _ body: (inout Markup) -> Void
    ) {
        page.element(
            "div", ["class": "scroll", "role": "region", "aria-label": label, "tabindex": "0"]
        ) { frame in
            frame.element("table", ["class": kind]) { table in
                table.element("caption") { $0.element("span", caption) }
                body(&table)
            }
        }
    }

    /// A value as shown, with all its digits as machine-readable content.
    static func writeValue(_ value: Double, _ unit: Figure.Unit, into page: inout Markup) {
        page.element("data", ["value": "\(value)"], ReportText.value(value, unit))
        let sign = ReportText.sign(unit)
        guard !sign.isEmpty else { return }
        page.element("span", ["class": "unit"], "\u{202F}\(sign)")
    }

    private func writeProvenance(_ pictures: PictureBudget, into page: inout Markup) {
        page.element("section", ["aria-labelledby": "made"]) { section in
            section.element("h2", ["id": "made"], "How this report was made")
            if !report.command.isEmpty { section.element("pre", report.command) }
            Self.writeFacts(report.provenance, into: &section)
            section.element(
                "p",
                "Scores follow the official scorer of each benchmark in the named variant. "
                    + "Intervals are 95 % percentile intervals of a bootstrap with a fixed seed that "
                    + "draws images, not questions, because questions on one image are not "
                    + "independent. Every number on this page carries all its digits in the page's "
                    + "source.")
            if pictures.leftOut > 0 {
                section.element(
                    "p", ["class": "meta"],
                    "\(ReportText.count(pictures.leftOut, "image")) left out: images on this "
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
        Self.writeTable(
            "What the scores were made from, with SHA-256.", label: "Files", into: &page
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
