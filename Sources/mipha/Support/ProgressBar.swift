import Foundation

/// Progress of a longer job on standard error: a bar with rate and time left on a terminal, a plain
/// line now and then elsewhere.
///
/// Nothing is drawn in the first two seconds, so that short jobs stay silent.
struct ProgressBar: Sendable {
    private let title: String
    private let total: Int
    private let first: Int
    private let unit: String
    private let output: TerminalOutput
    private let isInteractive: Bool
    private let usesColour: Bool
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var lastDrawn: ContinuousClock.Instant?
    private var isDrawn = false

    /// Creates a bar.
    ///
    /// - Parameters:
    ///   - total: number of units until the end.
    ///   - first: those that were complete before.
    ///   - unit: what is counted, in the plural (`samples`).
    init(
        _ title: String, total: Int, startingAt first: Int = 0, unit: String,
        output: TerminalOutput
    ) {
        self.title = title
        self.total = max(total, 1)
        self.first = first
        self.unit = unit
        self.output = output
        isInteractive = TerminalOutput.isInteractive
        usesColour = TerminalOutput.allowsColour
        start = clock.now
    }

    /// Shows that `done` units are complete, with `note` at the end of the line.
    mutating func update(_ done: Int, note: String = "") {
        guard output.level == .info || output.level == .debug else { return }
        let now = clock.now
        let elapsed = Self.seconds(now - start)
        let pause = isInteractive ? 0.1 : 15
        let since = lastDrawn.map { Self.seconds(now - $0) } ?? .infinity
        guard elapsed >= 2, since >= pause else { return }
        lastDrawn = now
        let line = Self.line(
            title, done: done, total: total, since: first, unit: unit, elapsed: elapsed,
            note: note, bar: isInteractive)
        if isInteractive {
            draw(line)
        } else {
            output.note(line)
        }
    }

    /// Removes the bar from the terminal.
    mutating func finish() {
        guard isDrawn else { return }
        isDrawn = false
        try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8))
    }

    private mutating func draw(_ line: String) {
        isDrawn = true
        let text = usesColour ? "\u{1B}[36m\(line)\u{1B}[0m" : line
        try? FileHandle.standardError.write(contentsOf: Data("\r\(text)\u{1B}[K".utf8))
    }

    /// One line: title, bar, counts, rate, time left.
    static func line(
        _ title: String, done: Int, total: Int, since first: Int = 0, unit: String,
        elapsed: Double, note: String, bar: Bool
    ) -> String {
        let share = min(Double(done) / Double(total), 1)
        let rate = elapsed > 0 ? Double(done - first) / elapsed : 0
        var parts = [title]
        if bar {
            let filled = Int(share * 24)
            parts.append(
                "[" + String(repeating: "#", count: filled)
                    + String(repeating: ".", count: 24 - filled) + "]")
        }
        parts.append("\(done)/\(total) \(unit)")
        if rate > 0 {
            parts.append("\(short(rate)) \(unit)/s")
            parts.append("\(clockTime(Double(total - min(done, total)) / rate)) left")
        }
        if !note.isEmpty { parts.append(note) }
        return parts.joined(separator: "  ")
    }

    private static func short(_ rate: Double) -> String {
        rate >= 100 ? "\(Int(rate))" : "\((rate * 100).rounded() / 100)"
    }

    private static func clockTime(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 359_999).rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    private static func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
