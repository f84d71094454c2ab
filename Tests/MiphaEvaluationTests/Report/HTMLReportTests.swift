import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Testing

struct HTMLReportTests {
    @Test func `the page of a small report is as it was`() throws {
        let text = HTMLReport(SampleReports.small).text
        let path = PackagePaths.fixture("report/small.html")
        if ProcessInfo.processInfo.environment["MIPHA_RECORD_SNAPSHOTS"] != nil {
            try AtomicFile.write(text, to: path)
        }
        let golden = String(decoding: try FileSystem.read(path, limit: 1 << 20), as: UTF8.self)
        let pairs = zip(text.split(separator: "\n"), golden.split(separator: "\n"))
        for (line, expected) in pairs where line != expected {
            Issue.record("found \(line.prefix(300)), expected \(expected.prefix(300))")
            break
        }
        #expect(text.utf8.elementsEqual(golden.utf8))
    }

    @Test(arguments: 0...3)
    func `pages of none to three benchmarks are well-formed`(_ count: Int) {
        var report = SampleReports.small
        report.results = Array(report.results.prefix(count))
        let page = HTMLDocument(HTMLReport(report).text)
        #expect(page.failure == nil)
        #expect(page.all("section").count >= 2)
        #expect(page.all("h1").map(\.text) == ["Mipha <test>"])
    }

    @Test func `nothing on the page is fetched or run`() {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        for name in ["script", "link", "iframe", "object", "embed", "base", "form", "use"] {
            #expect(page.all(name).isEmpty, "\(name)")
        }
        for element in page.elements {
            for (key, value) in element.attributes {
                #expect(!key.hasPrefix("on"), "\(key)")
                switch key {
                case "src": #expect(value.hasPrefix("data:image/"))
                case "href": #expect(value.hasPrefix("#"))
                default:
                    #expect(!value.contains("://") && !value.contains("url("), "\(key)=\(value)")
                }
            }
        }
        #expect(page.all("style").count == 1)
        #expect(page.all("style").allSatisfy { !$0.text.contains("url(") })
        #expect(page.all("style").allSatisfy { !$0.text.contains("@import") })
        let policy = page.all("meta").compactMap { $0.attributes["content"] }
        #expect(policy.contains { $0.hasPrefix("default-src 'none'") })
    }

    @Test func `every figure stands on the page with all its digits`() {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        let values = Set(
            page.all("data").compactMap { $0.attributes["value"].flatMap(Double.init) })
        for result in SampleReports.small.results {
            for figure in result.score.figures {
                #expect(values.contains(figure.value), "\(figure.label)")
            }
        }
        let shown = page.all("data").filter { $0.attributes["value"] == "61.254000000000225" }
        #expect(Set(shown.map(\.text)) == ["61.25", "61.3"], "alone, and beside published values")
        let intervals = page.all("td").map(\.text)
        #expect(intervals.contains("59.91 – 62.53") && intervals.contains("0.8500 – 0.8700"))
        #expect(intervals.contains("8,910"))
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='x",
        "]]>", "<!-- ", "&lt;b&gt; &amp; &#0; &unknown;", "</span></dd></dl></body></html>",
        "\u{0}\u{1}\u{8}\u{B}\u{C}\u{1F}\u{7F}\u{85}\u{FFFE}\u{FFFF}", "a\r\nb\rc\td",
        "\u{202E}txt.exe\u{202C} \u{2066}x\u{2069}",
        "\u{1F468}\u{200D}\u{1F469}\u{FE0F} é e\u{301}",
        "javascript:alert(1)", "http://example.org/a.png", "{}</style><style>*{display:none}",
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;", "",
    ])
    func `foreign text stays text wherever it stands`(_ text: String) {
        let plain = HTMLDocument(HTMLReport(report(everywhere: "plain")).text)
        let page = HTMLDocument(HTMLReport(report(everywhere: text)).text)
        #expect(page.failure == nil)
        func shape(_ page: HTMLDocument) -> [String] {
            page.elements.map { element in
                element.name + element.attributes.keys.sorted().joined(separator: ",")
            }
        }
        if text.isEmpty {
            #expect(page.all("script").isEmpty)
        } else {
            #expect(shape(page) == shape(plain))
        }
    }

    /// A report that says `text` wherever foreign text can stand.
    private func report(everywhere text: String) -> EvaluationReport {
        var figure = Figure(text, value: 50, count: 3)
        figure.interval = .init(low: 40, high: 60)
        let part = Figure(text, dimension: text, part: text, value: 50, count: 3)
        let item = ScoredItem(
            id: QuestionID(text), score: 0, status: .ambiguous, prediction: text, parsed: text,
            expected: [text])
        let score = ScoreReport(
            benchmark: text, variant: text, figures: [figure, part],
            counts: .init(questions: 3, scored: 2, unparsed: 0, ambiguous: 1, missing: 0),
            unresolved: [item], notes: [text], predictions: .init(path: text, sha256: text),
            annotations: [.init(path: text, sha256: text)])
        let result = EvaluationReport.Result(
            score: score, title: text, variantSummary: text,
            columns: [.init(figure: text, column: "GQA")],
            worst: [
                .init(
                    id: QuestionID(text), question: text, answer: text, expected: [text], score: 0,
                    picture: .bytes(SampleReports.picture))
            ])
        let rows = [
            ReferenceTable.Row(text, source: text, values: ["GQA": 62]),
            ReferenceTable.Row("other", source: text, values: ["GQA": 60]),
        ]
        return EvaluationReport(
            model: text, facts: [.init(text, text)], settings: [.init(text, text)], date: text,
            command: "x" + text, provenance: [.init(text, text)],
            results: [result, result, result], references: ReferenceTable(rows: rows),
            plotted: [text])
    }

    @Test func `random bytes as text leave the page well-formed`() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<200 {
            let scalars = (0..<60).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(
                        in: 0...(Bool.random(using: &random) ? 0x10FFFF : 0xFF),
                        using: &random))
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            let page = HTMLDocument(HTMLReport(SampleReports.report(answer: String(text))).text)
            #expect(page.failure == nil, "\(scalars.map(\.value))")
        }
    }

    @Test func `marks that turn the direction of text are shown instead of obeyed`() {
        let text = HTMLReport(SampleReports.report(answer: "a\u{202E}b\u{2067}c")).text
        #expect(text.contains("a[U+202E]b[U+2067]c"))
        #expect(!text.unicodeScalars.contains("\u{202E}"))
        let page = HTMLDocument(text)
        #expect(
            page.all(kind: "said").filter { $0.name == "span" }.allSatisfy {
                $0.attributes["dir"] == "auto"
            })
    }

    @Test func `long answers are cut and the rest is counted`() {
        let text = HTMLReport(
            SampleReports.report(answer: String(repeating: "é", count: 10_000))
        ).text
        let page = HTMLDocument(text)
        let rest = page.all(kind: "rest").map(\.text).filter { $0.contains("more") }
        #expect(rest == [" … 9,600 more characters"])
        #expect(text.count { $0 == "é" } == 400)
        let short = HTMLReport(SampleReports.report(answer: String(repeating: "a", count: 400)))
        #expect(!short.text.contains("more character"))
    }

    @Test func `right answers are listed once each`() {
        let report = SampleReports.report(answer: "x", expected: ["b", "a", "b", "a"])
        let page = HTMLDocument(HTMLReport(report).text)
        #expect(page.all(kind: "said").map(\.text).contains("b · a"))
    }
}
