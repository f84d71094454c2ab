import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles

/// Scores in words for a terminal.
enum ScorePrinter {
    /// How many answers that were not understood are shown.
    private static let shownAnswers = 5

    /// Figures with intervals, how the answers were understood, remarks.
    static func text(_ report: ScoreReport, card: BenchmarkCard) -> String {
        var table = TextTable(["\(card.title), \(report.variant)", "value", "95 %", "questions"])
        for figure in report.figures {
            table.add([
                figure.label, ReportText.value(figure.value, figure.unit),
                figure.interval.map {
                    "\(ReportText.value($0.low, figure.unit)) to "
                        + ReportText.value($0.high, figure.unit)
                } ?? "",
                figure.count.map { "\($0)" } ?? "",
            ])
        }
        var lines = table.lines
        let counts = report.counts
        lines.append("")
        lines.append(
            "\(counts.questions) questions: \(counts.scored) answers understood, "
                + "\(counts.unparsed) not, \(counts.ambiguous) ambiguous, \(counts.missing) missing"
        )
        for item in report.unresolved.prefix(shownAnswers) {
            lines.append("  \(item.status.rawValue) \(item.id): \(short(item.prediction))")
        }
        if report.unresolved.count > shownAnswers {
            lines.append("  … --json lists \(report.unresolved.count), --per-item all")
        }
        for note in report.notes { lines.append("note: \(note)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A paired comparison.
    static func text(_ comparison: PairedComparison) -> String {
        var table = TextTable(["figure", "A", "B", "B - A", "95 %", "p"])
        for item in comparison.differences {
            table.add([
                item.label, ReportText.compared(item.first, item.unit),
                ReportText.compared(item.second, item.unit),
                ReportText.compared(item.difference, item.unit),
                item.interval.map {
                    "\(ReportText.compared($0.low, item.unit)) to "
                        + ReportText.compared($0.high, item.unit)
                } ?? "",
                item.pValue.map { String(format: "%.4f", $0) } ?? "",
            ])
        }
        var lines = table.lines
        let better = comparison.flips.count { $0.second.score > $0.first.score }
        lines.append("")
        lines.append(
            "\(comparison.questionCount) questions, \(comparison.flips.count) with another score: "
                + "\(better) better in B, \(comparison.flips.count - better) worse")
        let leftOut = comparison.leftOut
        if leftOut.first + leftOut.second > 0 {
            lines.append(
                "questions with an answer on one side only are left out: \(leftOut.first) of A, "
                    + "\(leftOut.second) of B")
        }
        for flip in comparison.flips.prefix(shownAnswers) {
            lines.append(
                "  \(flip.first.id): \(short(flip.first.prediction)) (\(decimal(flip.first.score)))"
                    + " -> \(short(flip.second.prediction)) (\(decimal(flip.second.score)))")
        }
        if comparison.flips.count > shownAnswers { lines.append("  … --json lists all") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The benchmarks, their variants and files as a JSON array.
    static var listing: JSONValue {
        .array(
            BenchmarkCatalog.all.map(\.card).map { card in
                [
                    "id": .string(card.id), "title": .string(card.title),
                    "split": .string(card.split), "licence": .string(card.licence),
                    "variants": .array(
                        card.variants.map {
                            ["name": .string($0.name), "summary": .string($0.summary)]
                        }),
                    "files": .array(
                        card.files.map { file in
                            [
                                "names": .array(file.names.map { .string($0) }),
                                "content": .string(file.content), "origin": .string(file.origin),
                            ]
                        }),
                ]
            })
    }

    private static func decimal(_ value: Double) -> String { String(format: "%.3f", value) }

    /// An answer in quotation marks, so that spaces are seen.
    private static func short(_ text: String) -> String {
        text.isEmpty ? "(empty)" : text.quoted(limit: 60)
    }
}
