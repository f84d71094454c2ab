/// Sums, means and rounding with the last digits that NumPy gives.
package enum NumPy {
    /// `numpy.sum` of a contiguous row of doubles.
    ///
    /// Fewer than 8 in order; up to 128 in eight interleaved sums; beyond, in halves.
    package static func sum(_ values: [Double]) -> Double { sum(values[...]) }

    private static func sum(_ values: ArraySlice<Double>) -> Double {
        let first = values.startIndex
        if values.count < 8 { return values.reduce(0, +) }
        if values.count <= 128 {
            var parts = Array(values[first..<first + 8])
            let whole = values.count - values.count % 8
            for start in stride(from: 8, to: whole, by: 8) {
                for lane in 0..<8 { parts[lane] += values[first + start + lane] }
            }
            let left = (parts[0] + parts[1]) + (parts[2] + parts[3])
            let right = (parts[4] + parts[5]) + (parts[6] + parts[7])
            return values[(first + whole)...].reduce(left + right, +)
        }
        var half = values.count / 2
        half -= half % 8
        return sum(values[first..<first + half]) + sum(values[(first + half)...])
    }

    /// `numpy.mean`; 0 of nothing.
    package static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : sum(values) / Double(values.count)
    }

    /// `numpy.std`, the population's; 0 of nothing.
    package static func deviation(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let center = mean(values)
        let squares = values.map { ($0 - center) * ($0 - center) }
        return (sum(squares) / Double(values.count)).squareRoot()
    }

    /// `numpy.round`, also `round` of a NumPy double: scales, rounds to even, scales back.
    package static func round(_ value: Double, _ digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return (value * scale).rounded(.toNearestOrEven) / scale
    }
}
