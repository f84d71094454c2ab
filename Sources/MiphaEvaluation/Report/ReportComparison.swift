import MiphaBenchmarks

/// Our figures beside published ones, on the scales of published tables.
struct ReportComparison {
    /// One benchmark column.
    struct Axis {
        /// The column's name, or the benchmark's title where no table has it.
        let name: String
        /// Our value.
        let own: Double
        /// Its interval.
        let interval: Figure.Interval?
        /// The largest value there can be.
        let fullScale: Double
        /// Published values in the order of ``ReportComparison/models``, nil where there is none.
        let published: [Double?]

        /// The values of our model and of the chosen ones, in the order of the plot.
        func values(of chosen: [Int]) -> [Double?] {
            [own] + chosen.map { published[$0] }
        }
    }

    /// The published models that share at least one column with us.
    let models: [ReferenceTable.Row]
    /// The columns, those of published tables in their order first.
    let axes: [Axis]
    /// Places in ``models`` of those that are plotted.
    let plotted: [Int]

    init(_ report: EvaluationReport) {
        let table = report.references
        var found: [(order: Int, name: String, figure: Figure, column: ReferenceTable.Column?)] = []
        for result in report.results {
            var hasColumn = false
            for pair in result.columns {
                guard let figure = result.score.figure(pair.figure), figure.value.isFinite,
                    let column = table.column(named: pair.column),
                    !found.contains(where: { $0.column == column })
                else { continue }
                let order = table.columns.firstIndex(of: column) ?? 0
                found.append((order, column.name, figure, column))
                hasColumn = true
            }
            if !hasColumn, let headline = result.score.headline, headline.value.isFinite,
                headline.unit == .percent || headline.unit == .fraction
            {
                found.append((table.columns.count + found.count, result.title, headline, nil))
            }
        }
        found.sort { $0.order < $1.order }
        let models = table.rows.filter { row in
            found.contains { entry in entry.column.map { row.values[$0.name] != nil } ?? false }
        }
        self.models = models
        plotted = Array(
            report.plotted.prefix(3).compactMap { name in
                models.firstIndex { $0.model == name }
            })
        axes = found.map { entry in
            let factor = entry.figure.unit == .fraction ? 100.0 : 1
            return Axis(
                name: entry.name, own: factor * entry.figure.value,
                interval: entry.figure.interval.map {
                    Figure.Interval(low: factor * $0.low, high: factor * $0.high)
                },
                fullScale: entry.column?.fullScale ?? 100,
                published: models.map { model in entry.column.flatMap { model.values[$0.name] } })
        }
    }
}

/// The ends of an axis of a plot.
package struct AxisRange: Sendable, Equatable {
    package let low: Double
    package let high: Double

    /// Round ends around the values: with one value or widely different ones from 0 to the full
    /// scale, else so that differences can be seen.
    package init(_ values: [Double], fullScale: Double) {
        let (smallest, largest) = (values.min() ?? 0, values.max() ?? 0)
        guard values.count > 1, smallest > largest / 3, largest > 0 else {
            self.init(low: 0, high: max(fullScale, Self.roundedUp(largest)))
            return
        }
        let spread = max(largest - smallest, largest * 0.1)
        let step = Self.step(spread)
        let top = ((largest + spread * 0.1) / step).rounded(.up) * step
        self.init(
            low: max(0, ((smallest - spread * 0.6) / step).rounded(.down) * step),
            high: largest <= fullScale ? min(top, fullScale) : top)
    }

    private init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// Where a value stands, 0 at the low end and 1 at the high end.
    package func place(_ value: Double) -> Double {
        high > low ? min(max((value - low) / (high - low), 0), 1) : 0
    }

    /// 1, 2 or 5 times a power of ten, about a quarter of the spread.
    private static func step(_ spread: Double) -> Double {
        var unit = 1.0
        while unit * 10 <= spread / 2 { unit *= 10 }
        while unit > spread / 2 { unit /= 10 }
        if unit * 5 <= spread / 2 { return unit * 5 }
        return unit * 2 <= spread / 2 ? unit * 2 : unit
    }

    /// The next round number that is not below `value`, at least 1.
    package static func roundedUp(_ value: Double) -> Double {
        guard value.isFinite, value > 1 else { return 1 }
        var unit = 1.0
        while unit * 10 < value { unit *= 10 }
        for factor in [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] where unit * factor >= value {
            return unit * factor
        }
        return unit * 10
    }
}
