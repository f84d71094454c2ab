/// Adds the seconds that `body` takes to `total`.
func timed<R>(_ total: inout Double, _ body: () throws -> R) rethrows -> R {
    let clock = ContinuousClock()
    let start = clock.now
    defer {
        let parts = start.duration(to: clock.now).components
        total += Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
    return try body()
}
