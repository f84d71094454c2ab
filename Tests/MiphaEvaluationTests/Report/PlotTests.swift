import Foundation
import MiphaBenchmarks
import MiphaEvaluation
import MiphaFiles
import Testing

struct PlotTests {
    @Test func `three benchmarks make a radar plot and two make bars`() {
        let radar = HTMLDocument(HTMLReport(SampleReports.small).text)
        #expect(radar.all("svg").contains { $0.attributes["role"] == "img" })
        let text = radar.all("desc").map(\.text).joined()
        #expect(text.contains("Mipha <test>: VQA-T 61.25, MME-P 1531.3, MME-C 295.36, POPE 85.95."))
        #expect(text.contains("LLaVA-1.5-13B: VQA-T 61.3, MME-P 1531.3, POPE 85.9."))
        var report = SampleReports.small
        report.results = Array(report.results.prefix(2))
        let bars = HTMLDocument(HTMLReport(report).text)
        #expect(bars.all("svg").isEmpty)
        #expect(bars.all(kind: "pair").count == 8)
    }

    @Test func `a model without a value has a gap in its line`() {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        let lines = page.all(kind: "line").compactMap { $0.attributes["d"] }
        #expect(lines.count == 8)
        // The 13B model has no MME-C: of four sides two are left. The other line is the legend's.
        let sides = page.all(kind: "d3").map { line in
            line.attributes["d"]?.count { $0 == "L" }
        }
        #expect(sides == [2, 1])
        #expect(page.all(kind: "dot").count == 4 + 4 + 4 + 3 + 4)
    }

    @Test func `every dot lies between centre and rim`() throws {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        for dot in page.all(kind: "dot") where dot.attributes["cy"] != "6" {
            let x = try #require(dot.attributes["cx"].flatMap(Double.init)) - 235
            let y = try #require(dot.attributes["cy"].flatMap(Double.init)) - 176
            #expect((x * x + y * y).squareRoot() <= 128.1)
        }
    }

    @Test func `the ends of an axis hold all values and are round`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            let top = Double.random(in: 0.01...2000, using: &random)
            let values = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                Double.random(in: 0...top, using: &random)
            }
            let range = AxisRange(values, fullScale: 2000)
            #expect(range.low >= 0 && range.low < range.high, "\(values)")
            for value in values {
                #expect(range.low <= value && value <= range.high, "\(values)")
                let share = (value - range.low) / (range.high - range.low)
                #expect(abs(range.place(value) - share) < 1e-9)
            }
        }
        #expect(AxisRange([61.25, 56.6, 58.2, 61.3], fullScale: 100).high == 62)
        #expect(AxisRange([31.3], fullScale: 100).high == 100)
        #expect(AxisRange([], fullScale: 100).low == 0)
        #expect(AxisRange([100, 99], fullScale: 100).high == 100)
        #expect(AxisRange.roundedUp(206.2) == 250 && AxisRange.roundedUp(1531.3) == 2000)
    }

    @Test func `bars and whiskers are as long as their values`() {
        let page = HTMLDocument(HTMLReport(SampleReports.small).text)
        let fills = page.all(kind: "fill").compactMap { $0.attributes["style"] }
        #expect(fills.contains("width:84.46%") && fills.contains("width:61.25%"))
        #expect(fills.contains("width:76.56%"), "MME perception of 2000")
        let whiskers = page.all(kind: "whisker").compactMap { $0.attributes["style"] }
        #expect(whiskers.contains("left:59.91%;width:2.62%"))
    }

    @Test func `values beyond the scale stay inside their bars`() {
        var report = SampleReports.small
        for (place, value) in [-5.0, 130, .nan, .infinity].enumerated() {
            var figure = Figure("accuracy", dimension: "kind", part: "p\(place)", value: value)
            figure.interval = .init(low: -10, high: 1e300)
            report.results[0].score.figures.append(figure)
        }
        let page = HTMLDocument(HTMLReport(report).text)
        #expect(page.failure == nil)
        for style in page.all(kind: "fill").compactMap({ $0.attributes["style"] }) {
            let width = Double(style.dropFirst(6).dropLast()) ?? -1
            #expect((0...100).contains(width), "\(style)")
        }
    }
}
