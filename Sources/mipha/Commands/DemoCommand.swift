import ArgumentParser
import Foundation
import MiphaDemo

/// The two-minute tour.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Draw a data set, train a tiny Mipha on it, and ask it about unseen images.",
        discussion: """
            EXAMPLE:
              mipha demo --output tour
              mipha demo --minutes 1

            Everything stays in the output folder; afterwards try mipha chat tour/model --image \
            tour/data/images/held-out-0.png. A tour that was interrupted goes on when the command \
            is given again.
            """)

    @Option(help: "Folder to fill.")
    var output = "mipha-demo"

    @Option(
        parsing: .unconditional,
        help: "About how long it may take on two cores; shorter means less accurate.")
    var minutes = 2.0

    @OptionGroup var engine: EngineOptions

    @Option(parsing: .unconditional, help: "Seed of data, start and order.")
    var seed: UInt64 = 7

    @Option(
        parsing: .unconditional,
        help: "End with status 1 when fewer percent of the answers are right.")
    var atLeast = 0.0

    @OptionGroup var logging: LoggingOptions

    func validate() throws {
        guard (0.2...60).contains(minutes) else {
            throw ValidationError("--minutes: expected 0.2 to 60, found \(minutes)")
        }
        guard (0...100).contains(atLeast) else {
            throw ValidationError("--at-least: expected 0 to 100, found \(atLeast)")
        }
    }

    func run() async throws {
        try engine.start()
        let output = logging.output
        let interruption = Interruption()
        let demo = try Demo(output: self.output, minutes: minutes, seed: seed)
        let progress = SharedProgressBar(output)
        defer { progress.finish() }
        let result = try await demo.run(shouldStop: interruption.isRaisedNow) { event in
            switch event {
            case .part(let title):
                progress.finish()
                output.note(title)
            case .progress(let done, let total, let unit, let note):
                progress.update("", done: done, total: total, unit: unit, note: note)
            }
        }
        output.result(Self.report(result))
        if let shortfall = result.shortfall {
            output.note(
                "\(shortfall); docs/demo.md says what to look at, Scripts/demo-report "
                    + "\(self.output) prints what a report of it needs")
        }
        if result.score.accuracy < atLeast / 100 {
            throw DemoError(
                .score,
                "\(Self.percent(result.score.accuracy)) of the answers are right; expected at least "
                    + "\(Self.percent(atLeast / 100)) (--at-least)")
        }
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private static func report(_ result: Demo.Result) -> String {
        func row(_ cells: [String]) -> String {
            let widths = [12, 12, 12, 12]
            return zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: max(1, width - cell.count))
            }.joined().trimmingCharacters(in: .whitespaces)
        }
        var lines = [row(["question", "asked", "right", "blind guess"])]
        for line in result.score.lines {
            lines.append(
                row([
                    line.kind.rawValue, "\(line.questions)", percent(line.accuracy),
                    percent(line.blind),
                ]))
        }
        let asked = result.score.lines.reduce(0) { $0 + $1.questions }
        lines.append(
            row(["all", "\(asked)", percent(result.score.accuracy), percent(result.score.blind)]))
        lines.append("")
        for example in result.examples {
            lines.append("\(example.image)")
            lines.append("  \(example.question)")
            lines.append("  \(example.answer)   (right: \(example.expected))")
        }
        lines.append("")
        lines.append(
            "held-out accuracy \(percent(result.score.accuracy)), "
                + "\(result.parameterCount) parameters, \(Int(result.seconds)) s; "
                + "model in \(result.model), report in \(result.reportFile)")
        return lines.joined(separator: "\n") + "\n"
    }
}
