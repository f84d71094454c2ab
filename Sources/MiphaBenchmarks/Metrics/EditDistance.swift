/// The Levenshtein distance over code points.
package enum EditDistance {
    /// The least number of insertions, deletions and replacements that make one text of the other.
    package static func between(_ left: String, _ right: String) -> Int {
        between(left.unicodeScalars.map(\.value), right.unicodeScalars.map(\.value))
    }

    /// The distance between two sequences of code points.
    ///
    /// Up to 64 code points in the shorter one: one machine word a step (Myers 1999, in Hyyrö's
    /// form); beyond, two rows of the usual table.
    package static func between(_ left: [UInt32], _ right: [UInt32]) -> Int {
        let (short, long) = left.count <= right.count ? (left, right) : (right, left)
        if short.isEmpty { return long.count }
        if short == long { return 0 }
        return short.count <= 64 ? bitParallel(short, long) : rows(short, long)
    }

    /// Keeps the differences of a column in two words: where it rises and where it falls.
    private static func bitParallel(_ pattern: [UInt32], _ text: [UInt32]) -> Int {
        var ascii = [UInt64](repeating: 0, count: 128)
        var other: [(scalar: UInt32, mask: UInt64)] = []
        for (place, scalar) in pattern.enumerated() {
            let bit = UInt64(1) << UInt64(place)
            if scalar < 128 {
                ascii[Int(scalar)] |= bit
            } else if let known = other.firstIndex(where: { $0.scalar == scalar }) {
                other[known].mask |= bit
            } else {
                other.append((scalar, bit))
            }
        }
        let last = UInt64(1) << UInt64(pattern.count - 1)
        var rises = ~(0 as UInt64)
        var falls = 0 as UInt64
        var distance = pattern.count
        for scalar in text {
            let equal: UInt64
            if scalar < 128 {
                equal = ascii[Int(scalar)]
            } else {
                equal = other.first { $0.scalar == scalar }?.mask ?? 0
            }
            let diagonal = (((equal & rises) &+ rises) ^ rises) | equal | falls
            let up = falls | ~(diagonal | rises)
            let down = rises & diagonal
            if up & last != 0 { distance += 1 }
            if down & last != 0 { distance -= 1 }
            let shifted = up << 1 | 1
            rises = down << 1 | ~(diagonal | shifted)
            falls = shifted & diagonal
        }
        return distance
    }

    private static func rows(_ short: [UInt32], _ long: [UInt32]) -> Int {
        var row = Array(0...short.count)
        for (line, scalar) in long.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in short.indices {
                let above = row[column + 1]
                row[column + 1] =
                    short[column] == scalar ? diagonal : 1 + min(diagonal, min(above, row[column]))
                diagonal = above
            }
        }
        return row[short.count]
    }
}
