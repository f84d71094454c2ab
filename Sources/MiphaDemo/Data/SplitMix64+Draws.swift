package import MiphaFiles

/// Draws of the kinds that scenes need.
///
/// Whole numbers are drawn by Swift's own algorithm, so a plan's data are the same on every machine
/// under one release of Swift.
extension SplitMix64 {
    /// Returns a whole number of a closed range.
    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// Returns a number between 0 (included) and 1 (excluded).
    package mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Returns a number between two bounds.
    package mutating func real(from low: Double, to high: Double) -> Double {
        low + (high - low) * unit()
    }

    /// Returns one element of a list that is not empty.
    package mutating func element<Element>(of list: [Element]) -> Element {
        list[integer(in: 0...list.count - 1)]
    }

    /// Returns some elements of a list in random order, each place of the list at most once.
    package mutating func sample<Element>(_ count: Int, of list: [Element]) -> [Element] {
        var rest = list
        for place in 0..<min(count, rest.count) {
            rest.swapAt(place, integer(in: place...rest.count - 1))
        }
        return Array(rest.prefix(count))
    }
}
