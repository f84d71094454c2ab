import MiphaBenchmarks

/// A bar for a figure with its interval as whisker; the number stands beside it.
struct FigureBar {
    /// The figure.
    let figure: Figure
    /// The value at the end of the track.
    let scale: Double

    init(_ figure: Figure, scale: Double) {
        self.figure = figure
        self.scale = scale
    }

    /// The full scale of bars for figures of one kind.
    static func fullScale(of figures: [Figure]) -> Double {
        let largest =
            figures.map { max($0.value, $0.interval?.high ?? $0.value) }.filter(\.isFinite).max()
            ?? 0
        switch figures.first?.unit {
        case .fraction: return max(1, AxisRange.roundedUp(largest))
        case .percent: return max(100, AxisRange.roundedUp(largest))
        default: return AxisRange.roundedUp(largest)
        }
    }

    /// Writes the bar.
    func write(into page: inout Markup) {
        func share(_ value: Double) -> Double {
            value.isFinite && scale > 0 ? min(max(100 * value / scale, 0), 100) : 0
        }
        func percent(_ value: Double) -> String { "\(ReportText.number(value, digits: 2))%" }
        page.element("span", ["class": "track", "aria-hidden": "true"]) { track in
            track.element(
                "span", ["class": "fill", "style": "width:\(percent(share(figure.value)))"], "")
            guard let interval = figure.interval else { return }
            let (low, high) = (share(interval.low), share(interval.high))
            track.element(
                "span",
                ["class": "whisker", "style": "left:\(percent(low));width:\(percent(high - low))"],
                "")
        }
    }
}
