/// A number made of sums over the answers, so that it can be computed for any selection of them.
///
/// Confidence intervals and paired tests draw images anew and need every figure for each draw.
public indirect enum Statistic: Sendable {
    /// The sum of an evidence column.
    case column(Int)
    /// A fixed number.
    case constant(Double)
    /// The sum of terms.
    case sum([Statistic])
    /// A product.
    case product(Statistic, Statistic)
    /// A quotient; 0 when the divisor is 0.
    case quotient(Statistic, Statistic)

    /// The value for given column sums.
    public func value(_ sums: [Double]) -> Double {
        switch self {
        case .column(let index): return sums[index]
        case .constant(let number): return number
        case .sum(let terms): return terms.reduce(0) { $0 + $1.value(sums) }
        case .product(let left, let right): return left.value(sums) * right.value(sums)
        case .quotient(let top, let bottom):
            let divisor = bottom.value(sums)
            return divisor == 0 ? 0 : top.value(sums) / divisor
        }
    }

    /// `factor` times this.
    public func scaled(_ factor: Double) -> Statistic { .product(.constant(factor), self) }

    /// The plain mean of several statistics.
    public static func mean(_ parts: [Statistic]) -> Statistic {
        .quotient(.sum(parts), .constant(Double(max(parts.count, 1))))
    }
}
