import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Testing

struct MarkdownReportTests {
    @Test func `the score table has a row for each figure of the published tables`() {
        #expect(
            MarkdownReport(SampleReports.small).scoreTable == """
                | Benchmark | Score | 95 % interval | Questions | Variant |
                | --- | ---: | ---: | ---: | --- |
                | TextVQA | 61.25 % | 59.91 – 62.53 | 5,000 | llava |
                | POPE | 0.8595 | 0.8500 – 0.8700 | 8,910 | llava |
                | MME, perception | 1531.30 points | 1490.00 – 1570.00 | 2,114 | llava |
                | MME, cognition | 295.36 points | – | 260 | llava |

                """)
    }

    @Test func `the comparison table has models as rows`() {
        #expect(
            MarkdownReport(SampleReports.small).comparisonTable == """
                | Model | VQA-T | MME-P | MME-C | POPE |
                | --- | ---: | ---: | ---: | ---: |
                | **Mipha &lt;test&gt;** | 61.3 | 1531.3 | 295.4 | 85.9 |
                | Mipha-1.7B | 45.6 | 1203.1 | 247.9 | 86.9 |
                | Mipha-2.4B | 52.4 | 1397.1 | 265.7 | 86.6 |
                | Mipha-3B | 56.6 | 1488.9 | 295.0 | 86.7 |
                | LLaVA-1.5-7B | 58.2 | 1510.7 | 316.1 | 85.9 |
                | LLaVA-1.5-13B | 61.3 | 1531.3 | – | 85.9 |

                """)
        var report = SampleReports.small
        report.references.rows = []
        #expect(MarkdownReport(report).comparisonTable.isEmpty)
    }

    @Test(arguments: ["a|b", "a\nb", "<b>", "`x`", "[a](b)", "*x*", "\\|", "\r\n|\u{2028}|"])
    func `foreign text stays in its cell`(_ name: String) {
        var report = SampleReports.small
        report.model = name
        report.results[0].title = name
        for table in [
            MarkdownReport(report).scoreTable, MarkdownReport(report).comparisonTable,
        ] {
            let rows = table.split(separator: "\n").map { row in
                var bars = 0
                var isEscaped = false
                for byte in row.utf8 {
                    if byte == UInt8(ascii: "|"), !isEscaped { bars += 1 }
                    isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                }
                return bars
            }
            #expect(Set(rows).count == 1, "\(table)")
        }
    }

    @Test(.enabled(if: PackagePaths.sharedData("spec/mipha.md") != nil))
    func `published values are those of the specification`() throws {
        let path = try #require(PackagePaths.sharedData("spec/mipha.md"))
        let text = String(decoding: try FileSystem.read(path, limit: 1 << 24), as: UTF8.self)
        let columns = PublishedResults.standard
        let names = ["7B": "LLaVA-1.5-7B", "13B": "LLaVA-1.5-13B"]
        let rows = PublishedResults.mipha + PublishedResults.llava + PublishedResults.others
        var head: [String] = []
        var checked = 0
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            if cells[0] == "Model" { head = cells }
            guard head.contains("VQAv2"),
                let row = rows.first(where: { $0.model == names[cells[0]] ?? cells[0] })
            else { continue }
            for (name, cell) in zip(head, cells).dropFirst() {
                guard let column = columns.column(named: name), let value = Double(cell) else {
                    continue
                }
                #expect(row.values[column.name] == value, "\(row.model) \(name)")
                checked += 1
            }
        }
        // MME-C and MMMU of LLaVA-1.5-7B stand in a sentence, not in a table.
        #expect(checked == rows.map(\.values.count).reduce(0, +) - 2)
    }
}
