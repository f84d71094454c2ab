import Foundation
import MiphaBenchmarks
import MiphaFiles

/// How many bytes of images may still be put into a page, and what did not fit.
struct PictureBudget {
    /// Bytes that are left.
    var rest: Int
    /// Number of images that were left out.
    var leftOut = 0

    init(rest: Int) {
        self.rest = rest
    }

    /// The image as a `data:` address, or why it is not shown.
    mutating func take(_ picture: EvaluationReport.Picture) -> PictureShown {
        let bytes: [UInt8]
        switch picture {
        case .bytes(let given): bytes = given
        case .file(let path):
            do {
                bytes = try FileSystem.read(path, limit: max(rest, 0))
            } catch {
                if FileSystem.kind(path) == .file { leftOut += 1 }
                return .note(
                    FileSystem.kind(path) == .file
                        ? "Image left out for its size." : "Image not found.")
            }
        }
        guard let type = Self.type(bytes) else {
            return .note("Image not shown: expected PNG, JPEG, GIF or WebP.")
        }
        guard bytes.count <= rest else {
            leftOut += 1
            return .note("Image left out for its size.")
        }
        rest -= bytes.count
        return .address("data:\(type);base64,\(Data(bytes).base64EncodedString())")
    }

    /// The media type by the first bytes.
    static func type(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return "image/png"
        }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if bytes.starts(with: Array("GIF8".utf8)) { return "image/gif" }
        if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            return "image/webp"
        }
        return nil
    }
}

/// What became of an image.
enum PictureShown {
    case address(String)
    case note(String)
}

extension HTMLReport {
    /// Answers that were not understood.
    func writeUnresolved(_ result: EvaluationReport.Result, into page: inout Markup) {
        let counts = result.score.counts
        let total = counts.unparsed + counts.ambiguous + counts.missing
        let shown = result.score.unresolved.prefix(max(unresolvedLimit, 0))
        guard total > 0, !shown.isEmpty else { return }
        page.element("details") { details in
            details.element(
                "summary", "\(ReportText.count(total, "answer")) without a clear reading")
            let left = total - shown.count
            Self.writeTable(
                left > 0
                    ? "The first \(ReportText.grouped(shown.count)); \(ReportText.grouped(left)) "
                        + "more are in the per-item file."
                    : "They count as the variant says and are never guessed.",
                label: "\(result.title): answers without a clear reading", into: &details
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
            row.element("th", ["scope": "row"]) { writeSaid(item.id.text, 120, into: &$0) }
            row.element("td", item.status.rawValue)
            row.element("td", ["class": "said"]) { cell in
                if item.prediction.isEmpty {
                    cell.element("span", ["class": "rest"], "no text")
                } else {
                    writeSaid(item.prediction, 240, into: &cell)
                }
            }
            row.element("td", ["class": "said"]) { cell in
                writeSaid(joined(item.expected), 240, into: &cell)
            }
        }
    }

    /// Foreign text in a direction of its own, cut when long.
    static func writeSaid(_ text: String, _ limit: Int, into page: inout Markup) {
        let (shown, rest) = ReportText.cut(VisibleText.of(text), limit)
        page.element("span", ["class": "said", "dir": "auto"], shown)
        guard rest > 0 else { return }
        page.element(
            "span", ["class": "rest"],
            " … \(ReportText.count(rest, "more character", "more characters"))")
    }

    /// Right answers, each once, in order.
    static func joined(_ answers: [String]) -> String {
        var seen: [String] = []
        for answer in answers where !seen.contains(where: { PythonText.equal($0, answer) }) {
            seen.append(answer)
        }
        return seen.isEmpty ? "–" : seen.joined(separator: " · ")
    }

    /// The questions that went wrong.
    func writeWorst(
        _ result: EvaluationReport.Result, _ pictures: inout PictureBudget,
        into page: inout Markup
    ) {
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
            Self.writeSaid(item.id.text, 120, into: &head)
            head.element("span", ["class": "tag"]) { tag in
                tag.write(" score ")
                tag.element("data", ["value": "\(item.score)"], ReportText.short(item.score))
            }
        }
        page.element("dl", ["class": "case"]) { list in
            list.element("div") { line in
                line.element("dt", "Question")
                line.element("dd") { Self.writeSaid(item.question, answerLimit, into: &$0) }
            }
            list.element("div") { line in
                line.element("dt", "Answer")
                line.element("dd", ["class": "wrong"]) { cell in
                    if item.answer.isEmpty {
                        cell.element("span", ["class": "rest"], "no text")
                    } else {
                        Self.writeSaid(item.answer, answerLimit, into: &cell)
                    }
                }
            }
            list.element("div") { line in
                line.element("dt", "Expected")
                line.element("dd") {
                    Self.writeSaid(Self.joined(item.expected), answerLimit, into: &$0)
                }
            }
        }
    }
}
