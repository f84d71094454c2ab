import Foundation
package import MiphaBenchmarks
import MiphaFiles

/// Numbers and texts as reports and the terminal show them.
package enum ReportText {
    /// A value with the digits of its unit, without the unit.
    package static func value(_ value: Double, _ unit: Figure.Unit) -> String {
        guard value.isFinite else { return "–" }
        switch unit {
        case .percent, .points: return number(value, digits: 2)
        case .fraction: return number(value, digits: 4)
        case .count: return grouped(value)
        }
    }

    /// A value to be compared with another, with one digit more than ``value(_:_:)``.
    package static func compared(_ value: Double, _ unit: Figure.Unit) -> String {
        guard value.isFinite else { return "–" }
        return number(value, digits: unit == .fraction ? 5 : 3)
    }

    /// The sign of a unit, empty where there is none.
    static func sign(_ unit: Figure.Unit) -> String {
        switch unit {
        case .percent: "%"
        case .points: "points"
        case .fraction, .count: ""
        }
    }

    /// The two ends of an interval.
    static func interval(_ interval: Figure.Interval?, _ unit: Figure.Unit) -> String {
        guard let interval else { return "–" }
        return "\(value(interval.low, unit)) – \(value(interval.high, unit))"
    }

    /// A number with a fixed number of digits after the point.
    static func number(_ value: Double, digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// A number with as few of at most two digits after the point as say the same.
    static func short(_ value: Double) -> String {
        var text = number(value, digits: 2)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text == "-0" ? "0" : text
    }

    /// A whole number in groups of three digits.
    static func grouped(_ count: Int) -> String { count.grouped(by: ",") }

    private static func grouped(_ value: Double) -> String {
        Int(exactly: value).map { grouped($0) } ?? number(value, digits: 2)
    }

    /// A number of things with the right form of the word.
    static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// The text, or its first `limit` code points and how many were cut.
    static func cut(_ text: String, _ limit: Int) -> (text: String, rest: Int) {
        let count = text.unicodeScalars.count
        guard count > limit else { return (text, 0) }
        return (String(text.unicodeScalars.prefix(limit)), count - limit)
    }
}
