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
                    ScoreOverview(report: report).write(into: &main)
                    ComparisonSection(
                        comparison: ReportComparison(report), model: report.model
                    ).write(into: &main)
                    for index in report.results.indices {
                        section(index).write(&pictures, into: &main)
                    }
                }
                let end = ProvenanceSection(
                    report: report, leftOut: pictures.leftOut, pictureBudget: pictureBudget)
                body.element("footer") { end.write(into: &$0) }
            }
        }
        return page.text + "\n"
    }

    private func section(_ index: Int) -> ResultSection {
        ResultSection(
            answers: AnswerGallery(
                result: report.results[index], answerLimit: answerLimit,
                unresolvedLimit: unresolvedLimit),
            anchor: ResultSection.anchor(index))
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
        page.writeFacts(report.facts + report.settings)
        guard report.results.count > 1 else { return }
        page.element("nav", ["aria-label": "Benchmarks"]) { nav in
            for (index, result) in report.results.enumerated() {
                nav.element("a", ["href": "#\(ResultSection.anchor(index))"], result.title)
            }
        }
    }
}
