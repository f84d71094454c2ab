/// The accuracy of one answer against several human ones: agreeing with three of them is right.
///
/// `accuracy = mean over held-out entries h of min(1, matches among the entries left / 3)`. Public
/// tools differ in which entries holding one out removes, and in how they add up floating point
/// numbers; both are part of the value here, so that every digit agrees.
struct VQAAccuracy: Sendable {
    /// What holding out an entry removes.
    enum LeaveOut: Sendable {
        /// That entry.
        case entry
        /// Every entry equal to it in all fields; with distinct `answer_id`s the same as `entry`.
        case equalEntries
        /// Nothing.
        case nothing
    }

    /// How the mean over entries is taken.
    enum Mean: Sendable {
        /// One after the other, `sum(x) / len(x)`.
        case sequential
        /// Exactly, rounded once: Python's `statistics.mean`.
        case exact
        /// In the order of NumPy's pairwise sum.
        case pairwise
    }

    let leaveOut: LeaveOut
    let mean: Mean

    private static let shares = [0, 1.0 / 3, 2.0 / 3, 1]

    /// The accuracy, 0 to 1.
    ///
    /// - Parameters:
    ///   - matches: for each entry whether it is the answer, at least one entry.
    ///   - equals: for each entry the number of entries equal to it in all fields.
    func score(matches: [Bool], equals: [Int]) -> Double {
        var matched = 0
        for isMatch in matches where isMatch { matched += 1 }
        if matched == 0 { return 0 }
        var counts = [Int](repeating: matched, count: matches.count)
        for place in matches.indices where matches[place] {
            switch leaveOut {
            case .entry: counts[place] -= 1
            case .equalEntries: counts[place] -= equals[place]
            case .nothing: break
            }
        }
        for place in counts.indices { counts[place] = min(max(counts[place], 0), 3) }
        switch mean {
        case .sequential:
            var sum = 0.0
            for count in counts { sum += Self.shares[count] }
            return sum / Double(counts.count)
        case .exact: return Self.exactMean(counts)
        case .pairwise:
            return Self.pairwiseSum(counts.map { Self.shares[$0] }) / Double(counts.count)
        }
    }

    /// The mean of thirds, each the nearest double, with one rounding at the end.
    private static func exactMean(_ thirds: [Int]) -> Double {
        // 1/3 as a double is this many units of 2^-54, 2/3 twice as many.
        let third: UInt64 = 6_004_799_503_160_661
        let units: [UInt64] = [0, third, 2 * third, 1 << 54]
        var sum: UInt64 = 0
        for count in thirds { sum += units[count] }
        let divisor = UInt128(thirds.count)
        let (quotient, rest) = (UInt128(sum) << 64).quotientAndRemainder(dividingBy: divisor)
        // The lowest bit stands for everything below it, far under the double's last one.
        let sticky = rest == 0 ? quotient : quotient | 1
        return Double(sign: .plus, exponent: -118, significand: Double(sticky))
    }

    /// The sum of fewer than 128 numbers as `numpy.sum` takes it: eight running sums.
    static func pairwiseSum(_ values: [Double]) -> Double {
        guard values.count >= 8 else { return values.reduce(0, +) }
        var parts = Array(values[..<8])
        let whole = values.count - values.count % 8
        for start in stride(from: 8, to: whole, by: 8) {
            for offset in 0..<8 { parts[offset] += values[start + offset] }
        }
        var sum =
            ((parts[0] + parts[1]) + (parts[2] + parts[3]))
            + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
        for value in values[whole...] { sum += value }
        return sum
    }
}
