/// The outcome of comparing a result with what is expected, value by value.
public struct Comparison: Sendable, CustomStringConvertible {
    /// Whether every difference is within the tolerance; a NaN never is.
    public let passes: Bool
    /// One line: the largest difference, where it is, both values there, and what was allowed.
    public let description: String

    /// Compares two lists of values in row-major order.
    ///
    /// - Parameter shape: used to name the place of the largest difference.
    public init(
        _ name: String, _ found: [Float], _ expected: [Float], _ tolerance: Tolerance,
        shape: [Int]? = nil
    ) {
        guard found.count == expected.count else {
            passes = false
            description = "\(name): expected \(expected.count) values, found \(found.count)"
            return
        }
        let magnitude = expected.reduce(0) { max($0, abs($1)) }
        var (worst, place): (Float, Int) = (0, 0)
        for index in found.indices {
            let difference = abs(found[index] - expected[index])
            if difference > worst || difference.isNaN {
                (worst, place) = (difference, index)
                if difference.isNaN { break }
            }
        }
        let limit = tolerance.limit(magnitude)
        passes = worst <= limit
        guard !found.isEmpty else {
            description = "\(name): no values"
            return
        }
        let index = shape.map { Self.index(place, $0) } ?? [place]
        description =
            "\(name): largest difference \(worst) at \(index): found \(found[place]), "
            + "expected \(expected[place]); allowed \(limit) "
            + "(largest magnitude \(magnitude), relative error \(worst / magnitude))"
    }

    private static func index(_ place: Int, _ shape: [Int]) -> [Int] {
        var rest = place
        var index: [Int] = []
        for size in shape.reversed() where size > 0 {
            index.append(rest % size)
            rest /= size
        }
        return index.reversed()
    }
}

/// Whether two lists hold the same bits; distinguishes a zero from a negative zero.
public func haveSameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.map(\.bitPattern) == b.map(\.bitPattern)
}

/// Norm of the difference as a share of the norm, over all tensors together;
/// infinity for other names or sizes.
public func relativeDistance(
    _ found: [String: [Float]], _ expected: [String: [Float]]
) -> Double {
    guard Set(found.keys) == Set(expected.keys) else { return .infinity }
    var (apart, whole) = (0.0, 0.0)
    for (name, values) in expected {
        guard let own = found[name], own.count == values.count else { return .infinity }
        for (a, b) in zip(own, values) {
            apart += (Double(a) - Double(b)) * (Double(a) - Double(b))
            whole += Double(b) * Double(b)
        }
    }
    return (apart / whole).squareRoot()
}
