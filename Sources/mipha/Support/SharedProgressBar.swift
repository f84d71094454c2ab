import Synchronization

/// A progress bar that any thread may draw on; it is made when the first unit is done.
final class SharedProgressBar: Sendable {
    private let output: TerminalOutput
    private let bar: Mutex<ProgressBar?> = Mutex(nil)

    init(_ output: TerminalOutput) {
        self.output = output
    }

    /// Shows that `done` of `total` units are complete; the last one removes the bar.
    func update(_ title: String, done: Int, total: Int, unit: String, note: String = "") {
        bar.withLock { bar in
            if bar == nil { bar = ProgressBar(title, total: total, unit: unit, output: output) }
            bar?.update(done, note: note)
            if done == total {
                bar?.finish()
                bar = nil
            }
        }
    }

    /// Removes the bar.
    func finish() {
        bar.withLock { bar in
            bar?.finish()
            bar = nil
        }
    }
}
