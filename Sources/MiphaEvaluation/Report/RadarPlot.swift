import Foundation

/// The radar plot over benchmarks as inline SVG.
///
/// Every axis has a scale of its own, written at its ends; the centre is the low end. A model
/// without a value on an axis has a gap there.
struct RadarPlot {
    /// One model.
    struct Series {
        /// Its name.
        let name: String
        /// A value for every axis, nil where there is none.
        let values: [Double?]
    }

    /// The names of the axes.
    let axes: [String]
    /// Their scales.
    let ranges: [AxisRange]
    /// The models, our own first, at most four.
    let series: [Series]

    private static let width = 470.0
    private static let radius = 128.0
    private static let rings = 4

    /// Takes our model and the plotted ones.
    init(_ comparison: ReportComparison, own: String) {
        axes = comparison.axes.map(\.name)
        ranges = comparison.axes.map { axis in
            AxisRange(
                axis.values(of: comparison.plotted).compactMap(\.self), fullScale: axis.fullScale)
        }
        series =
            [Series(name: own, values: comparison.axes.map(\.own))]
            + comparison.plotted.enumerated().map { place, model in
                Series(
                    name: comparison.models[model].model,
                    values: comparison.axes.map { $0.published[comparison.plotted[place]] })
            }
    }

    private static let margin = 48.0
    private static let middle = radius + margin

    private var height: Double {
        let lowest = axes.indices.map { point($0, 1).y }.max() ?? Self.middle
        return max(lowest, Self.middle) + Self.margin
    }

    private func point(_ axis: Int, _ share: Double) -> (x: Double, y: Double) {
        let angle = 2 * Double.pi * Double(axis) / Double(axes.count) - Double.pi / 2
        return (
            Self.width / 2 + share * Self.radius * cos(angle),
            Self.middle + share * Self.radius * sin(angle)
        )
    }

    private func text(_ point: (x: Double, y: Double)) -> String {
        "\(ReportText.number(point.x, digits: 1)) \(ReportText.number(point.y, digits: 1))"
    }

    /// Writes the plot.
    func write(into page: inout Markup) {
        page.element(
            "svg",
            [
                "viewBox": "0 0 \(Int(Self.width)) \(Int(height.rounded(.up)))", "role": "img",
                "aria-labelledby": "radar-title radar-text",
            ]
        ) { svg in
            svg.element("title", ["id": "radar-title"], "Radar plot over benchmarks")
            svg.element("desc", ["id": "radar-text"], description)
            for ring in 1...Self.rings {
                let share = Double(ring) / Double(Self.rings)
                let corners = axes.indices.map { text(point($0, share)) }.joined(separator: " L")
                svg.empty("path", ["class": "grid", "d": "M\(corners)Z"])
            }
            for axis in axes.indices {
                svg.empty(
                    "path",
                    ["class": "grid", "d": "M\(text(point(axis, 0))) L\(text(point(axis, 1)))"])
                writeLabel(axis, into: &svg)
            }
            for (rank, entry) in series.enumerated().reversed() {
                write(entry, rank, into: &svg)
            }
        }
    }

    private func writeLabel(_ axis: Int, into svg: inout Markup) {
        let place = point(axis, 1 + 13 / Self.radius)
        let side = place.x - Self.width / 2
        let anchor = abs(side) < 6 ? "middle" : side > 0 ? "start" : "end"
        let down = (place.y - Self.middle) / Self.radius
        let x = ReportText.number(place.x, digits: 1)
        let y = place.y + 4 + (down < -0.9 ? -13 : down > 0.9 ? 6 : -6)
        let range = ranges[axis]
        let (name, rest) = ReportText.cut(axes[axis], 12)
        svg.element(
            "text",
            [
                "x": x, "y": ReportText.number(y, digits: 1), "text-anchor": anchor,
            ], rest > 0 ? name + "…" : name)
        svg.element(
            "text",
            [
                "x": x, "y": ReportText.number(y + 14, digits: 1), "text-anchor": anchor,
                "class": "soft",
            ], "\(ReportText.short(range.low)) – \(ReportText.short(range.high))")
    }

    private func write(_ entry: Series, _ rank: Int, into svg: inout Markup) {
        let points = entry.values.enumerated().map { axis, value in
            value.map { point(axis, ranges[axis].place($0)) }
        }
        svg.element("g", ["class": "s\(rank)"]) { group in
            if rank == 0 {
                let corners = points.compactMap { $0.map(text) }.joined(separator: " L")
                group.empty("path", ["class": "area", "d": "M\(corners)Z"])
            }
            let lines = Self.lines(points).map { piece in
                "M" + piece.map(text).joined(separator: " L")
            }
            if !lines.isEmpty {
                group.empty("path", ["class": "line d\(rank)", "d": lines.joined(separator: " ")])
            }
            for place in points.compactMap(\.self) {
                group.empty(
                    "circle",
                    [
                        "class": "dot", "cx": ReportText.number(place.x, digits: 1),
                        "cy": ReportText.number(place.y, digits: 1), "r": rank == 0 ? "3.6" : "2.8",
                    ])
            }
        }
    }

    /// The runs of neighbours that are both there, round the circle.
    static func lines<Point>(_ points: [Point?]) -> [[Point]] {
        var pieces: [[Point]] = []
        for place in points.indices {
            guard let start = points[place] else { continue }
            guard let end = points[(place + 1) % points.count] else { continue }
            if place > 0, points[place - 1] != nil, !pieces.isEmpty {
                pieces[pieces.count - 1].append(end)
            } else {
                pieces.append([start, end])
            }
        }
        return pieces
    }

    /// All values in words.
    private var description: String {
        series.map { entry in
            let values = zip(axes, entry.values).compactMap { axis, value in
                value.map { "\(axis) \(ReportText.short($0))" }
            }
            return "\(entry.name): \(values.joined(separator: ", "))."
        }.joined(separator: " ")
    }

    /// Writes which line is whose.
    func writeLegend(into page: inout Markup) {
        page.element("ul", ["class": "legend"]) { list in
            for (rank, entry) in series.enumerated() {
                list.element("li") { item in
                    item.element(
                        "svg",
                        ["class": "s\(rank)", "viewBox": "0 0 32 12", "aria-hidden": "true"]
                    ) { svg in
                        svg.element("g", ["class": "s\(rank)"]) { group in
                            group.empty("path", ["class": "line d\(rank)", "d": "M0 6 L32 6"])
                            group.empty(
                                "circle",
                                [
                                    "class": "dot", "cx": "16", "cy": "6",
                                    "r": rank == 0 ? "3.6" : "2.8",
                                ])
                        }
                    }
                    item.write(entry.name)
                }
            }
        }
    }
}
