import MiphaBenchmarks

/// The tables of a report for a README, in GitHub's Markdown.
public struct MarkdownReport: Sendable {
    /// What the report says.
    public var report: EvaluationReport

    /// Makes a layout of a report.
    public init(_ report: EvaluationReport) {
        self.report = report
    }

    /// The score table and, where there is something to compare, the table beside published results.
    public var text: String {
        var text = "### \(Self.cell(report.model))\n\n\(scoreTable)"
        let table = comparisonTable
        if !table.isEmpty { text += "\n\(table)" }
        return text
    }

    /// Benchmark, score, interval, questions, variant.
    public var scoreTable: String {
        var rows: [[String]] = []
        for result in report.results {
            let figures = result.shownFigures
            for (place, figure) in figures.enumerated() {
                let name = figures.count > 1 ? "\(result.title), \(figure.label)" : result.title
                let sign = ReportText.sign(figure.unit)
                let value = ReportText.value(figure.value, figure.unit)
                rows.append([
                    place == 0 && figures.count == 1 ? result.title : name,
                    sign.isEmpty ? value : "\(value) \(sign)",
                    ReportText.interval(figure.interval, figure.unit),
                    ReportText.grouped(figure.count ?? result.score.counts.questions),
                    result.score.variant,
                ])
            }
        }
        return Self.table(
            ["Benchmark", "Score", "95 % interval", "Questions", "Variant"], right: 1...3, rows)
    }

    /// Models as rows, benchmarks as columns, ours first; empty without a shared benchmark.
    public var comparisonTable: String {
        let comparison = ReportComparison(report)
        let places = comparison.axes.indices.filter { place in
            comparison.axes[place].published.contains { $0 != nil }
        }
        guard !places.isEmpty else { return "" }
        let own =
            ["**\(Self.cell(report.model))**"]
            + places.map { ReportText.number(comparison.axes[$0].own, digits: 1) }
        let others = comparison.models.enumerated().map { rank, model in
            [Self.cell(model.model)]
                + places.map { place in
                    comparison.axes[place].published[rank].map {
                        ReportText.number($0, digits: 1)
                    } ?? "–"
                }
        }
        let head = ["Model"] + places.map { comparison.axes[$0].name }
        return Self.table(head, right: 1...places.count, [own] + others, isEscaped: true)
    }

    private static func table(
        _ head: [String], right: ClosedRange<Int>, _ rows: [[String]], isEscaped: Bool = false
    ) -> String {
        func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
        var text = line(head.map(cell))
        text += line(head.indices.map { right.contains($0) ? "---:" : "---" })
        for row in rows { text += line(isEscaped ? row : row.map(cell)) }
        return text
    }

    /// A text that stays within its cell and is not markup.
    static func cell(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "|", "\\", "`", "*", "_", "[", "]", "#", "~":
                result += "\\"
                result.unicodeScalars.append(scalar)
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\n", "\r", "\t", "\u{2028}", "\u{2029}": result += " "
            default:
                if scalar.value >= 0x20 { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }
}
