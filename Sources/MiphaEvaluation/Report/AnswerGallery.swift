import MiphaBenchmarks

/// The single answers of one benchmark that a report shows: those that were not understood and
/// those that went wrong.
struct AnswerGallery {
    /// The benchmark's result.
    let result: EvaluationReport.Result
    /// Code points of an answer that are shown.
    let answerLimit: Int
    /// Answers that were not understood that are listed.
    let unresolvedLimit: Int

    /// Writes a table of the answers that were not understood.
    func writeUnresolved(into page: inout Markup) {
        let counts = result.score.counts
        let total = counts.unparsed + counts.ambiguous + counts.missing
        let shown = result.score.unresolved.prefix(max(unresolvedLimit, 0))
        guard total > 0, !shown.isEmpty else { return }
        page.element("details") { details in
            details.element(
                "summary", "\(ReportText.count(total, "answer")) without a clear reading")
            let left = total - shown.count
            details.writeTable(
                left > 0
                    ? "The first \(ReportText.grouped(shown.count)); \(ReportText.grouped(left)) "
                        + "more are in the per-item file."
                    : "They count as the variant says and are never guessed.",
                label: "\(result.title): answers without a clear reading"
            ) { table in
                table.element("thead") { head in
                    head.element("tr") { row in
                        for title in ["Question", "Status", "Answer", "Expected"] {
                            row.element("th", ["scope": "col"], title)
                        }
                    }
                }
                table.element("tbody") { body in
                    for item in shown { Self.writeRow(item, into: &body) }
                }
            }
        }
    }

    private static func writeRow(_ item: ScoredItem, into body: inout Markup) {
        body.element("tr") { row in
            row.element("th", ["scope": "row"]) { $0.writeSaid(item.id.text, 120) }
            row.element("td", item.status.rawValue)
            row.element("td", ["class": "said"]) { cell in
                if item.prediction.isEmpty {
                    cell.element("span", ["class": "rest"], "no text")
                } else {
                    cell.writeSaid(item.prediction, 240)
                }
            }
            row.element("td", ["class": "said"]) { cell in
                cell.writeSaid(joined(item.expected), 240)
            }
        }
    }

    /// Right answers, each once, in order.
    private static func joined(_ answers: [String]) -> String {
        var seen: [String] = []
        for answer in answers where !seen.contains(where: { PythonText.equal($0, answer) }) {
            seen.append(answer)
        }
        return seen.isEmpty ? "–" : seen.joined(separator: " · ")
    }

    /// Writes the questions that went wrong, with images as far as `pictures` goes.
    func writeWorst(_ pictures: inout PictureBudget, into page: inout Markup) {
        guard !result.worst.isEmpty else { return }
        page.element("h3", "Lowest-scoring answers")
        page.element("ol", ["class": "cases"]) { list in
            for item in result.worst {
                let shown = item.picture.map { pictures.take($0) }
                list.element("li", ["class": item.picture == nil ? "bare" : "framed"]) { entry in
                    if let shown {
                        entry.element("div") { frame in
                            switch shown {
                            case .address(let address):
                                frame.empty(
                                    "img",
                                    ["src": address, "alt": "Image of question \(item.id)"])
                            case .note(let note):
                                frame.element("span", ["class": "tag"], note)
                            }
                        }
                    }
                    entry.element("div") { writeCase(item, into: &$0) }
                }
            }
        }
    }

    private func writeCase(_ item: EvaluationReport.WorstItem, into page: inout Markup) {
        page.element("h4") { head in
            head.writeSaid(item.id.text, 120)
            head.element("span", ["class": "tag"]) { tag in
                tag.write(" score ")
                tag.element("data", ["value": "\(item.score)"], ReportText.short(item.score))
            }
        }
        page.element("dl", ["class": "case"]) { list in
            list.element("div") { line in
                line.element("dt", "Question")
                line.element("dd") { $0.writeSaid(item.question, answerLimit) }
            }
            list.element("div") { line in
                line.element("dt", "Answer")
                line.element("dd", ["class": "wrong"]) { cell in
                    if item.answer.isEmpty {
                        cell.element("span", ["class": "rest"], "no text")
                    } else {
                        cell.writeSaid(item.answer, answerLimit)
                    }
                }
            }
            list.element("div") { line in
                line.element("dt", "Expected")
                line.element("dd") { $0.writeSaid(Self.joined(item.expected), answerLimit) }
            }
        }
    }
}
