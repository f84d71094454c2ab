import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import MiphaTestSupport
import Testing

struct ReportContentTests {
    private func pictures(_ report: EvaluationReport, budget: Int = 4 << 20) -> HTMLDocument {
        var layout = HTMLReport(report)
        layout.pictureBudget = budget
        return HTMLDocument(layout.text)
    }

    @Test func `images are embedded with the type of their bytes`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write(SampleReports.picture, to: folder.file("a.jpg"))
        for picture in [
            EvaluationReport.Picture.bytes(SampleReports.picture), .file(folder.file("a.jpg")),
        ] {
            let page = pictures(SampleReports.report(answer: "x", picture: picture))
            let source = try #require(page.all("img").first?.attributes["src"])
            #expect(source.hasPrefix("data:image/png;base64,"))
            #expect(
                Data(base64Encoded: String(source.dropFirst(22))) == Data(SampleReports.picture))
            #expect(page.all("img").first?.attributes["alt"] == "Image of question id")
        }
    }

    @Test func `images beyond the budget are left out and counted`() {
        var report = SampleReports.report(
            answer: "x", picture: .bytes(SampleReports.picture))
        report.results[0].worst += report.results[0].worst + report.results[0].worst
        let size = SampleReports.picture.count
        #expect(pictures(report).all("img").count == 3)
        let two = pictures(report, budget: 2 * size)
        #expect(two.all("img").count == 2)
        #expect(two.all(kind: "tag").contains { $0.text == "Image left out for its size." })
        #expect(two.all("p").contains { $0.text.hasPrefix("1 image left out") })
        #expect(pictures(report, budget: 0).all("img").isEmpty)
    }

    @Test func `what is not an image is not embedded`() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("<svg onload='alert(1)'/>", to: folder.file("a.svg"))
        let big = folder.file("big.png")
        try AtomicFile.write(SampleReports.picture + [UInt8](repeating: 0, count: 5000), to: big)
        for (picture, note) in [
            (EvaluationReport.Picture.bytes(Array("<svg/>".utf8)), "expected PNG"),
            (.bytes([]), "expected PNG"), (.file(folder.file("a.svg")), "expected PNG"),
            (.file(folder.file("none.png")), "not found"), (.file(folder.path), "not found"),
            (.file(big), "for its size"),
        ] {
            let page = pictures(SampleReports.report(answer: "x", picture: picture), budget: 4096)
            #expect(page.all("img").isEmpty)
            #expect(page.all(kind: "tag").contains { $0.text.contains(note) }, "\(note)")
        }
    }

    @Test func `answers without a clear reading are listed up to the limit`() {
        var report = SampleReports.small
        report.results[0].score.unresolved = (0..<150).map { number in
            ScoredItem(
                id: QuestionID(number), score: 0, status: .unparsed, prediction: "answer \(number)")
        }
        report.results[0].score.counts.unparsed = 150
        let page = HTMLDocument(HTMLReport(report).text)
        let cells = page.all("span").map(\.text)
        #expect(cells.contains("answer 99") && !cells.contains("answer 100"))
        #expect(page.all("caption").contains { $0.text.contains("51 more are in the per-item") })
        #expect(page.all("summary").map(\.text).contains("151 answers without a clear reading"))
    }

    @Test func `many parts are folded away`() {
        var report = SampleReports.small
        report.results[0].score.figures += (0..<41).map { number in
            Figure("accuracy", dimension: "sub_type", part: "part \(number)", value: 50)
        }
        let page = HTMLDocument(HTMLReport(report).text)
        #expect(page.all("summary").map(\.text).contains("Accuracy by sub type: 41 parts"))
    }

    @Test func `tables have captions and their heads have scopes`() {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        #expect(page.all("table").count == page.all("caption").count)
        for head in page.all("th") {
            #expect(["row", "col"].contains(head.attributes["scope"]), "\(head.text)")
        }
        #expect(page.all("html").first?.attributes["lang"] == "en")
        let ids = page.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        for element in page.elements {
            for name in element.attributes["aria-labelledby"]?.split(separator: " ") ?? [] {
                #expect(ids.contains(String(name)))
            }
            if let target = element.attributes["href"] {
                #expect(ids.contains(String(target.dropFirst())))
            }
        }
        for image in page.all("img") { #expect(image.attributes["alt"]?.isEmpty == false) }
    }

    @Test func `the highest value of a row is marked`() throws {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        let best = page.all(kind: "best").map(\.text)
        // VQA-T: ours rounds to 61.3 as LLaVA-1.5-13B has it; MME-P the same; MME-C 7B; POPE 1.7B.
        #expect(best == ["61.3", "61.3", "1531.3", "1531.3", "316.1", "86.9"])
    }

    @Test func `the worst answers come from all parts in turn`() {
        let questions = (0..<9).map { Question(id: QuestionID($0), text: "q\($0)") }
        let items = (0..<10).map { number in
            ScoredItem(
                id: QuestionID(number), score: [0.3, 0, 1][number % 3], prediction: "p\(number)",
                groups: [.init("kind", number < 6 ? "a" : "b")])
        }
        let worst = EvaluationReport.worst(of: items, questions: questions, limit: 5)
        #expect(worst.map(\.id.text) == ["1", "7", "4", "6", "0"])
        #expect(worst.allSatisfy { $0.score < 1 })
        #expect(EvaluationReport.worst(of: items, questions: [], limit: 5).isEmpty)
        #expect(EvaluationReport.worst(of: items, questions: questions, limit: 0).isEmpty)
        #expect(EvaluationReport.worst(of: items, questions: questions).count == 6)
    }

    @Test func `finished runs make a report from their scores files`() throws {
        let folder = try TemporaryFolder()
        let paths = ["a.json", "b.json"].map(folder.file)
        try SampleReports.textVQA.write(to: paths[0])
        try SampleReports.pope.write(to: paths[1])
        let report = try EvaluationReport(model: "m", date: "today", scores: paths)
        #expect(report.results.map(\.score.benchmark) == ["textvqa", "pope"])
        #expect(HTMLDocument(HTMLReport(report).text).failure == nil)
        #expect(throws: EvaluationError.self) {
            try EvaluationReport(model: "m", date: "", scores: [folder.file("none.json")])
        }
    }
}
