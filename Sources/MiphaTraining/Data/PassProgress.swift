import Synchronization

/// Reports the progress of a pass over many samples, in a line now and then and one at its end.
final class PassProgress: Sendable {
    private let title: String
    private let count: Int
    private let pause: Duration
    private let note: @Sendable (String) -> Void
    private let last: Mutex<ContinuousClock.Instant>

    /// - Parameters:
    ///   - title: what is done, such as `packing_budget: samples measured`.
    ///   - count: samples of the whole pass.
    ///   - pause: time between two lines.
    init(
        _ title: String, count: Int, pause: Duration = .seconds(15),
        note: @escaping @Sendable (String) -> Void
    ) {
        self.title = title
        self.count = count
        self.pause = pause
        self.note = note
        last = Mutex(ContinuousClock().now)
    }

    /// Takes the number of samples so far.
    func update(_ done: Int) {
        let now = ContinuousClock().now
        let isDue = last.withLock { last in
            guard done >= count || now - last >= pause else { return false }
            last = now
            return true
        }
        if isDue { note("\(title): \(done) of \(count)") }
    }
}
